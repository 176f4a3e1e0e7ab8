"""Runs Helm."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from k8s.helm.chart import CHART
from k8s.helm.renderings import Objects
from k8s.rendering import FOLDER, name

PROGRAM: Final = os.environ.get("HELM", str(FOLDER.parent.parent / "helm/helm"))
EXAMPLES: Final = CHART / "examples"
NAMESPACE: Final = "voting"


class HelmError(Exception):
    """Helm refuses; the text is its error."""


def helm(*arguments: str) -> str:
    """Return Helm's output. Raises HelmError with what it says when it fails."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise HelmError(done.stderr.strip() + done.stdout.strip())
    return done.stdout


def options(values: Sequence[Path], settings: Sequence[str] = ()) -> list[str]:
    """Return the options for files with values and for single ones."""
    return [*(f"--values={file}" for file in values), *(f"--set={value}" for value in settings)]


def template(values: Sequence[Path], settings: Sequence[str] = ()) -> Objects:
    """Return the objects that the chart renders to. Raises HelmError."""
    text = helm(
        "template",
        "voting",
        str(CHART),
        f"--namespace={NAMESPACE}",
        "--kube-version=1.34.0",
        *options(values, settings),
    )
    found = yaml.load_all(text, Loader=yaml.CSafeLoader)
    return {name(manifest): manifest for manifest in found if manifest}
