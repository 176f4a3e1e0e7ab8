"""Files that are there as a whole or not at all, also after a machine went down."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

from svc_notary.trees.errors import FolderInUseError

_NEW: Final = ".new"


def write_files(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write or replace files; returns when they are on disk, raises `OSError` if they are not."""
    folders: set[Path] = set()
    written: dict[Path, Path] = {}
    try:
        # All are written before the first is waited for: a file system writes many at a time.
        for path, content in files:
            if not path.parent.exists():
                _make_folder(path.parent, folders)
            written[path] = new = path.with_name(path.name + _NEW)
            new.write_bytes(content)
        for new in written.values():
            sync(new)
        for path, new in written.items():
            new.replace(path)
            folders.add(path.parent)
    except OSError:
        for new in written.values():
            new.unlink(missing_ok=True)
        raise
    for folder in folders:
        sync(folder)


def sync(path: Path) -> None:
    """Return when a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_folder(folder: Path) -> TextIO:
    """Return a file that keeps every other notary out of the folder until it is closed.

    The folder is made if need be. Raises `FolderInUseError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a")
    except OSError as error:
        raise FolderInUseError(f"{folder} cannot be used: {error.strerror or error}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise FolderInUseError(
            f"another svc_notary uses {folder}: stop it, or choose another NOTARY_DIR"
        ) from error
    return file


def _make_folder(folder: Path, made: set[Path]) -> None:
    """Make a folder and those above it; `made` gets each in which there is a new name."""
    if folder.parent.exists():
        made.add(folder.parent)
    else:
        _make_folder(folder.parent, made)
        made.add(folder.parent)
    folder.mkdir(exist_ok=True)
