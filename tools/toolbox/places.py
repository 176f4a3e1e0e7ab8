"""Where bazelw keeps what it makes."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = REPOSITORY / "tools" / "toolbox"


def cache() -> Path:
    """The folder for all that bazelw makes. $BAZELW_CACHE names another one."""
    if chosen := os.environ.get("BAZELW_CACHE"):
        return Path(chosen).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "voting-bazelw"


def output_user_root() -> Path:
    """Bazel's folder for all clones: one output base each, and what they share."""
    return cache() / "bazel"


def output_base() -> Path:
    """This clone's output base: what Bazel built here, and its server's state."""
    return output_user_root() / hashlib.md5(str(REPOSITORY).encode()).hexdigest()
