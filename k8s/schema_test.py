"""Every object is valid by Kubernetes' own schema, and no field is misspelt."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from k8s.rendering import COMPONENTS, OVERLAYS, Manifest, manifests, name

VERSION: Final = "1.37"
"""The Kubernetes that //cluster runs; the manifests use nothing newer than 1.34."""
OLDEST: Final = "1.34"

CUSTOM: Final = (
    "cert-manager.io",
    "gateway.networking.k8s.io",
    "keda.sh",
    "kafka.strimzi.io",
    "monitoring.coreos.com",
)
"""Groups of resources that are not Kubernetes' own."""


@pytest.fixture(autouse=True)
def schemas_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache the definitions, 4 MB that the library would read again for every object."""
    monkeypatch.setattr(utils, "schema_contents", SCHEMA_CONTENTS)


SCHEMA_CONTENTS: Final = cache(utils.schema_contents)


def of_kubernetes(objects: list[Manifest]) -> list[Manifest]:
    return [manifest for manifest in objects if not manifest["apiVersion"].startswith(CUSTOM)]


def check(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, VERSION])
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_valid(overlay: str, version: str) -> None:
    for manifest in of_kubernetes(manifests(overlay)):
        check(manifest, version)


@pytest.mark.parametrize("component", COMPONENTS)
def test_production_with_a_component_is_valid(component: str) -> None:
    for manifest in of_kubernetes(manifests("production", component)):
        check(manifest, VERSION)


def test_a_misspelt_field_is_refused() -> None:
    wrong = next(m for m in manifests("local") if name(m) == "StatefulSet/kafka")
    wrong["spec"]["replica"] = wrong["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError, match="'replica' was unexpected"):
        check(wrong, VERSION)


def test_the_version_is_that_of_the_cluster() -> None:
    go_mod = Path("cluster/components/go.mod").read_text()
    assert re.findall(r"k8s\.io/kubernetes v(\d+\.\d+)\.", go_mod) == [VERSION]
