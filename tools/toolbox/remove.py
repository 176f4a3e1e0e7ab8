"""Removes folders in which files and folders may be write-protected, as Bazel leaves them."""

import os
import shutil
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there."""
    if folder.is_dir():
        for inner, _, _ in os.walk(folder):
            Path(inner).chmod(0o700)
        shutil.rmtree(folder)
