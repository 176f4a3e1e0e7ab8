"""Images that hold one program and nothing else, such as the one that every pod starts with."""

import os
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

NOBODY: Final = 65534
"""The user that the program runs as."""


def push_program(program: Path, image: str) -> None:
    """Push an image whose entry point is `program`. Raises CalledProcessError when refused."""
    with TemporaryDirectory() as folder:
        layer = Path(folder, "layer.tar")
        _pack(program, layer)
        _crane("append", "--oci-empty-base", f"--new_layer={layer}", f"--new_tag={image}")
    machine = os.uname().machine
    platform = f"--set-platform=linux/{_ARCHITECTURES.get(machine, machine)}"
    entry = f"--entrypoint=/{program.name}"
    _crane("mutate", image, platform, entry, f"--user={NOBODY}", f"--tag={image}")


def _pack(program: Path, layer: Path) -> None:
    entry = tarfile.TarInfo(program.name)
    entry.size, entry.mode = program.stat().st_size, 0o755
    with tarfile.open(layer, "w") as archive, program.open("rb") as content:
        archive.addfile(entry, content)


def _crane(command: str, *arguments: str) -> None:
    subprocess.run(["crane", command, "--insecure", *arguments], check=True, capture_output=True)
