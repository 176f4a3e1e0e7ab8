"""Overlays that readers write: as a component's comment shows them, and with several components."""

from itertools import dropwhile, takewhile
from typing import Final

import pytest

from k8s.rendering import COMPONENTS, FOLDER, manifests, of_kind, render

_INDENT: Final = "#   "

SHOWN_BY: Final = ("grpc-unary", "keda", "prometheus-operator", "rate-limit", "tracing")


def example(component: str) -> str:
    """Return the patches that the comment at the head of a component shows, or nothing."""
    lines = (FOLDER / "components" / component / "kustomization.yaml").read_text().splitlines()
    shown = dropwhile(lambda line: line != f"{_INDENT}patches:", lines)
    return "\n".join(
        line.removeprefix(_INDENT) for line in takewhile(lambda it: it.startswith(_INDENT), shown)
    )


def test_no_other_component_shows_an_example() -> None:
    assert tuple(filter(example, COMPONENTS)) == SHOWN_BY


@pytest.mark.parametrize("component", SHOWN_BY)
def test_an_overlay_as_the_comment_shows_it_changes_the_component(component: str) -> None:
    changed = render("production", component, further=example(component))
    assert changed != render("production", component)


def test_encryption_goes_with_our_own_image_of_kafka() -> None:
    """Its first argument is the class to run."""
    parts = ["authority", "grpc", "kafka", "redis"]
    objects = manifests("local", *(f"encryption/{part}" for part in parts))
    [kafka] = [it for it in of_kind(objects, "StatefulSet") if it["metadata"]["name"] == "kafka"]
    arguments = kafka["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[:2] == ["kafka.Kafka", "/config/server.properties"]
    assert any("super.users" in argument for argument in arguments)
