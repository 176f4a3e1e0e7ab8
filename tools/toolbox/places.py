"""Where bazelw keeps its files."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = REPOSITORY / "tools" / "toolbox"


def cache() -> Path:
    """Return the folder for all files of bazelw. $BAZELW_CACHE names another one."""
    if chosen := os.environ.get("BAZELW_CACHE"):
        return Path(chosen).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "voting-bazelw"


def output_user_root() -> Path:
    """Return Bazel's folder for all clones: one output base each, and what they share."""
    return cache() / "bazel"


def output_base() -> Path:
    """Return the folder for what Bazel builds in this clone, and for its server's state."""
    return output_user_root() / hashlib.md5(str(REPOSITORY).encode()).hexdigest()
