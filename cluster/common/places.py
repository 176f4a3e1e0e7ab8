"""Where the cluster keeps its files: builds in the cache, and the state of its node."""

import hashlib
import os
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parents[1]
"""This package's files, in the work tree or among a Bazel target's runfiles."""

LIB: Final = Path("/var/lib")
"""`State.lib` as the node sees it."""

LOG: Final = Path("/var/log")
"""`State.log` as the node sees it."""

PKI: Final = LIB / "kubernetes" / "pki"
CONFIG: Final = LIB / "kubernetes" / "config"
ADDONS: Final = LIB / "kubernetes" / "addons"
DEFINITIONS: Final = LIB / "kubernetes" / "definitions"


def cache() -> Path:
    """Return the folder of what is built once and used by every cluster."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "voting-cluster"


class State:
    """The files of one cluster, removed with it. $CLUSTER_STATE names another folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use `folder`, or else the one place that all commands share."""
        chosen = folder or os.environ.get("CLUSTER_STATE") or cache() / "state"
        self.folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), chosen).resolve()

    @property
    def name(self) -> str:
        """A name for this cluster on this machine."""
        return f"voting-cluster-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def lock(self) -> Path:
        """The file that the node's first process holds locked for as long as it lives."""
        return self.folder.with_suffix(".lock")

    @property
    def lib(self) -> Path:
        """What is /var/lib inside."""
        return self.folder / "lib"

    @property
    def log(self) -> Path:
        """What is /var/log inside: a log of each component."""
        return self.folder / "log"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.folder / PKI.relative_to("/var")

    @property
    def config(self) -> Path:
        """Configuration files of the components."""
        return self.folder / CONFIG.relative_to("/var")

    @property
    def addons(self) -> Path:
        """Objects that belong to the cluster itself."""
        return self.folder / ADDONS.relative_to("/var")

    @property
    def definitions(self) -> Path:
        """Custom resource definitions that the addons use."""
        return self.folder / DEFINITIONS.relative_to("/var")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for the port on this machine."""
        return self.folder / "kubeconfig"

    @property
    def description(self) -> Path:
        """What the node was started with."""
        return self.folder / "node.json"
