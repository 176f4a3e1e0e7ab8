"""Writes requirements_lock.txt from requirements.in: each wheel's version and its hashes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from uv import find_uv_bin

LOCK: Final = "requirements_lock.txt"
OPTIONS: Final = [
    "--generate-hashes",
    "--no-strip-extras",  # write_build.py reads which extras are meant
    "--only-binary=:all:",
    # What the toolbox and the images run on, wherever this is called.
    "--python-version=3.14",
]
MACHINES: Final = ["x86_64", "aarch64"]


def environment() -> dict[str, str]:
    """Return uv's environment: pip's index, the machine's certificates, no Python of its own."""
    variables = {
        **os.environ,
        "UV_CUSTOM_COMPILE_COMMAND": "./bazelw run //tools/pip:lock",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "true",
    }
    if index := os.environ.get("PIP_INDEX_URL"):
        variables["UV_DEFAULT_INDEX"] = index
    return variables


def main(arguments: list[str]) -> int:
    """Write the file. `--upgrade` takes the newest versions; else those that still fit stay."""
    root = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    with TemporaryDirectory() as folder:
        locks = {machine: Path(folder, machine) for machine in MACHINES}
        for machine, lock in locks.items():
            shutil.copy(root / LOCK, lock)
            if status := compile_lock(root, machine, lock, arguments):
                return status
        texts = {lock.read_text() for lock in locks.values()}
        if len(texts) > 1:
            print(f"{' and '.join(MACHINES)} need different versions", file=sys.stderr)
            return 1
        (root / LOCK).write_text(texts.pop())
    return 0


def compile_lock(root: Path, machine: str, lock: Path, arguments: list[str]) -> int:
    """Write the lock file for one kind of machine, and return uv's status."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", *OPTIONS, *arguments, "requirements.in"]
    places = [f"--python-platform={machine}-manylinux_2_28", f"--output-file={lock}"]
    return subprocess.run([*command, *places], cwd=root, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
