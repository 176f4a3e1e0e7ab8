"""How much memory each pod may use, read from the manifests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from harness.processes.programs import ROOT

_MANIFESTS: Final = ROOT / "k8s" / "base"
_PODS: Final = ("svc-*.yaml", "redis.yaml")
_MB: Final = {"Mi": 1, "Gi": 1024}


def memory_limits(folder: Path = _MANIFESTS) -> dict[str, float]:
    """Return the limit (MB) of each service and of Redis, by its name."""
    return {
        name.replace("-", "_"): limit
        for pattern in _PODS
        for path in sorted(folder.glob(pattern))
        for name, limit in _limits(path.read_text())
    }


def _limits(manifest: str) -> Iterator[tuple[str, float]]:
    for document in yaml.safe_load_all(manifest):
        if document["kind"] in {"Deployment", "StatefulSet"}:
            containers: list[Any] = document["spec"]["template"]["spec"]["containers"]
            yield (
                document["metadata"]["name"],
                sum(_megabytes(c["resources"]["limits"]["memory"]) for c in containers),
            )


def _megabytes(quantity: str) -> float:
    return float(quantity[:-2]) * _MB[quantity[-2:]]
