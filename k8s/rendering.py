"""Renders the overlays with kustomize."""

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent
_KUSTOMIZE: Final = os.environ.get("KUSTOMIZE", str(FOLDER.parent.parent / "kustomize/kustomize"))
_FOLLOW_LINKS: Final = "--load-restrictor=LoadRestrictionsNone"
"""Bazel's runfiles are links to files elsewhere, which kustomize refuses otherwise."""

OVERLAYS: Final = ("gateway", "local", "managed", "production")
COMPONENTS: Final = (
    "encryption",
    "gateway-api",
    "grpc-unary",
    "grpc-unary-gateway",
    "keda",
    "managed-kafka",
    "managed-mongodb",
    "managed-redis",
    "prometheus-operator",
    "rate-limit",
    "stand-ins",
    "strimzi",
    "tracing",
)

type Manifest = dict[str, Any]


class RenderError(Exception):
    """kustomize cannot render the manifests; the text is its error."""


@cache
def render(overlay: str, *components: str, further: str = "") -> str:
    """Return the YAML of an overlay, changed by components. Raises RenderError.

    `further` are more lines of the kustomization that has them all.
    """
    resources, used = [f"overlays/{overlay}"], [f"components/{name}" for name in components]
    with TemporaryDirectory() as scratch:
        Path(scratch, "kustomization.yaml").write_text(
            yaml.safe_dump(
                {"resources": _from(scratch, resources), "components": _from(scratch, used)}
            )
            + further
        )
        return render_folder(Path(scratch))


def render_folder(folder: Path) -> str:
    """Return the YAML of a folder with a kustomization. Raises RenderError."""
    done = subprocess.run(
        [_KUSTOMIZE, "build", _FOLLOW_LINKS, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RenderError(done.stderr.strip())
    return done.stdout


def manifests(overlay: str, *components: str) -> list[Manifest]:
    """Return the objects of an overlay."""
    return list(yaml.load_all(render(overlay, *components), Loader=yaml.CSafeLoader))


def of_kind(objects: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Return the objects of these kinds."""
    return [manifest for manifest in objects if manifest["kind"] in kinds]


def name(manifest: Manifest) -> str:
    """Return an object's kind and name."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_specs(objects: Sequence[Manifest]) -> dict[str, Manifest]:
    """Return the pod specs of all workloads, by the workload's kind and name."""
    return {
        name(workload): workload["spec"]["template"]["spec"]
        for workload in of_kind(objects, "Deployment", "StatefulSet", "Job")
    }


def _from(scratch: str, folders: Sequence[str]) -> list[str]:
    """Return the folders relative to `scratch`: kustomize accepts no absolute paths."""
    return [os.path.relpath(FOLDER / folder, Path(scratch).resolve()) for folder in folders]
