"""A change of the manifests shows as a change of what they render to."""

import pytest

from k8s.golden import golden, rendered
from k8s.rendering import FOLDER

RENEW = "what is rendered has changed: look at it after ./bazelw run //k8s:golden"


@pytest.mark.parametrize("title", sorted(rendered()))
def test_it_renders_to_what_somebody_looked_at(title: str) -> None:
    assert golden(FOLDER / "golden").get(title) == rendered()[title], RENEW


def test_nothing_is_kept_of_what_is_gone() -> None:
    assert golden(FOLDER / "golden").keys() == rendered().keys(), RENEW
