"""The programs that are built from Go modules: once, and kept by the hash of their sources."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cluster.common.errors import ClusterError
from cluster.common.places import SOURCES
from cluster.common.places import cache as cache_folder
from harness.processes.console import step

_COMPONENTS: Final = SOURCES / "components"
_GOFLAGS: Final = "-mod=readonly -trimpath -buildvcs=false"
_REPORT_EVERY: Final = 200
"""Compiled packages between two lines of progress."""

_KEPT: Final = 2
"""Builds of a program to keep: the latest one, and one that a running cluster may use."""


@cache
def ensure(source: str = "") -> Path:
    """Return the program made from the Go package `components/<source>`, built if need be.

    The package at the top, "", is `node`. Raises ClusterError when it cannot be built.
    """
    name = source or "node"
    if not shutil.which("go"):
        raise ClusterError("there is no Go compiler on PATH: start through ./bazelw")
    folder = cache_folder() / f"{name}-{_key(source)}"
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process builds, the others use its build
        if not folder.exists():
            with TemporaryDirectory(dir=cache_folder(), prefix="building-") as scratch:
                _build(source, Path(scratch, "made", name))
                Path(scratch, "made").rename(folder)
            _prune(name)
    return folder / name


def _prune(name: str) -> None:
    """Remove all but the newest builds of a program."""
    builds = sorted(cache_folder().glob(f"{name}-*"), key=lambda folder: folder.stat().st_mtime)
    for old in builds[:-_KEPT]:
        shutil.rmtree(old)


def _key(source: str) -> str:
    """Return a hash of what a program is made from: sources, modules, compiler and flags."""
    files = ["go.mod", "go.sum", str(Path(source, "main.go"))]
    parts = [(_COMPONENTS / file).read_bytes() for file in files]
    compiler = subprocess.run(["go", "version"], capture_output=True, check=False).stdout
    flags = [_GOFLAGS.encode(), *(flag.encode() for flag in _flags())]
    return hashlib.sha256(b"\0".join([*parts, compiler, *flags])).hexdigest()[:12]


def version(module: str) -> str:
    """Return the version of a module that go.mod names."""
    lines = (_COMPONENTS / "go.mod").read_text().splitlines()
    words = (line.split() for line in lines)
    return next(w[1] for w in words if w[:1] == [module])


def _flags() -> list[str]:
    """Return the compiler's flags: smaller programs, with their version in them."""
    kubernetes = version("k8s.io/kubernetes")
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    facts = {
        "gitVersion": kubernetes,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    values = [
        f"-X {package}.{name}={value}" for package in packages for name, value in facts.items()
    ]
    return [f"-ldflags=-s -w {' '.join(values)}"]


def _environment() -> dict[str, str]:
    # Without C a program runs in an empty image. The installed Go is used, none is downloaded.
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": _GOFLAGS}


def _build(source: str, target: Path) -> None:
    package = f"./{source}"
    step(f"fetching the Go modules of {target.name}, if they are not there yet")
    total = len(go(["list", "-deps", package]).splitlines())
    step(f"building {target.name}, {total} packages (once; minutes if they are many)")
    command = ["go", "build", "-v", *_flags(), "-o", str(target), package]
    with subprocess.Popen(
        command, cwd=_COMPONENTS, env=_environment(), stderr=subprocess.PIPE, text=True
    ) as child:
        output = []
        for line in child.stderr or ():
            output.append(line)
            if len(output) % _REPORT_EVERY == 0:
                step(f"  compiled {len(output)} packages of at most {total}")
    if child.returncode:
        raise ClusterError(f"go build failed: {''.join(output[-20:]).strip()}")
    step(f"built {target.name}")


def go(arguments: Sequence[str]) -> str:
    """Run Go on the module and return its output. Raises ClusterError with its error output."""
    done = subprocess.run(
        ["go", *arguments],
        cwd=_COMPONENTS,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"go {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout
