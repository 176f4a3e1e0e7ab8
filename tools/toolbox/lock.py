"""Locks for what only one bazelw may do at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.toolbox.messages import say


@contextmanager
def locked(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lock file `path`; if another process holds it, print its purpose and wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another bazelw, which is {purpose}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
