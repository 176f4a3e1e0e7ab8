"""What kustomize renders, by component: the source of the chart's templates."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from k8s.rendering import COMPONENTS, Manifest, name, of_kind, pod_specs, render

_HASHED: Final = re.compile(r"^[a-z-]+-[bcdfghkmt2456789]{10}$")
"""A ConfigMap's name with the hash of its contents, in kustomize's alphabet."""

GATEWAY: Final = "gateway-api"
UNARY: Final = "grpc-unary"
ENCRYPTION: Final = "encryption"
TRACING: Final = "tracing"
PAIRS: Final = ((GATEWAY, UNARY), (UNARY, ENCRYPTION), (UNARY, TRACING))
"""Components of which one changes or removes what the other one adds, in this order."""

SWITCHES: Final = tuple(part for part in COMPONENTS if part != "grpc-unary-gateway")
"""What the chart's values switch on: with a Gateway, `grpc-unary` is `grpc-unary-gateway`."""

type Objects = dict[str, Manifest]


@cache
def objects(*components: str) -> Objects:
    """Return the objects of production with these components, by kind and name.

    Names of ConfigMaps are without their hash; each pod template has it as an annotation.
    """
    if GATEWAY in components:
        components = tuple("grpc-unary-gateway" if c == UNARY else c for c in components)
    return without_hashes(render("production", *components))


def without_hashes(text: str) -> Objects:
    """Return the objects of a rendering with plain names of ConfigMaps."""
    found = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    hashed = [m["metadata"]["name"] for m in of_kind(found, "ConfigMap")]
    for title in filter(_HASHED.match, hashed):
        text = text.replace(title, title.rpartition("-")[0])
    plain = {name(m): m for m in yaml.load_all(text, Loader=yaml.CSafeLoader)}
    hashes = dict(title.rpartition("-")[::2] for title in hashed if _HASHED.match(title))
    for workload, pod in pod_specs(list(plain.values())).items():
        files = [hashes[config] for config in sorted(_files_of(pod)) if config in hashes]
        if files:
            template = plain[workload]["spec"]["template"]["metadata"]
            template.setdefault("annotations", {})["checksum/files"] = "-".join(files)
    return plain


def settings_of(pod: Manifest) -> list[str]:
    """Return the ConfigMaps whose data are a pod's variables."""
    return [
        source["configMapRef"]["name"]
        for container in pod["containers"]
        for source in container.get("envFrom", [])
        if "configMapRef" in source
    ]


def _files_of(pod: Manifest) -> Iterator[str]:
    return (v["configMap"]["name"] for v in pod.get("volumes", []) if "configMap" in v)
