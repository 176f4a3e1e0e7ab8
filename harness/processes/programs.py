"""Finds the programs and files that the servers need."""

import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from harness.processes.errors import ServerError

ROOT: Final = Path(__file__).parents[2]
"""The repository's root: in the work tree, or among the runfiles of a Bazel target."""

_DEBIAN_PACKAGES: Final = {
    "java": "openjdk-25-jre-headless",
    "prometheus": "prometheus",
    "redis-server": "redis-server",
}


def find_program(name: str) -> str:
    """Return the path of a program on PATH. Raises ServerError with how to get it."""
    path = shutil.which(name)
    if path is None:
        package = _DEBIAN_PACKAGES[name]
        raise ServerError(
            f"no program {name} on PATH: start through ./bazelw, which provides it, "
            f"or install it (Debian package {package})"
        )
    return path


def wheel_program(package: str, name: str) -> str:
    """Return the path of a native program that one of our Python packages contains."""
    return str(distribution(package).locate_file(f"bin/{name}"))


def python_environment() -> dict[str, str]:
    """Return the environment in which a Python child imports what this process can."""
    return {"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONUNBUFFERED": "1"}
