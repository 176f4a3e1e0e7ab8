"""A disk that is full after some writes."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def full_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this many files and folders be written, and no further one, while the context lasts."""
    left = writes

    def fsync(_: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield
