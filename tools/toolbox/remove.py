"""Removes folders of any size without waiting for it."""

import os
import subprocess
from pathlib import Path

SUFFIX = ".removed"

# Bazel leaves folders write-protected.
SCRIPT = '(chmod --recursive u+rwX "$0"; rm --recursive --force "$0") &'


def remove(folder: Path) -> None:
    """Remove a folder, if it is there: out of the way at once, its contents in the background."""
    if folder.is_dir():
        doomed = folder.with_name(f"{folder.name}.{os.getpid()}{SUFFIX}")
        folder.rename(doomed)
        empty_out(doomed)


def remove_leftovers(parent: Path) -> None:
    """Remove what interrupted removals have left."""
    for doomed in parent.glob(f"*{SUFFIX}"):
        empty_out(doomed)


def empty_out(doomed: Path) -> None:
    """Start a process that removes a folder, and outlives this one."""
    subprocess.run(
        ["sh", "-c", SCRIPT, str(doomed)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
