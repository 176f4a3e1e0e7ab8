"""Removes folders in which files and folders may be write-protected, as Bazel leaves them."""

import os
import shutil
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there.

    It goes at once: what is interrupted leaves a folder of another name, which goes next time.
    """
    doomed = folder.with_suffix(".removed")
    if folder.is_dir() and folder != doomed:
        remove(doomed)
        folder.rename(doomed)
    for inner, _, _ in os.walk(doomed):
        Path(inner).chmod(0o700)
    if doomed.is_dir():
        shutil.rmtree(doomed)
