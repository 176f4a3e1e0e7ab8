"""The programs of Debian that only the cluster needs, in a folder of their own.

In the toolbox they are fetched once and laid over its /usr in the cluster's own mounts, so that
building and testing never wait for them. Elsewhere they must be on PATH.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cluster.common.errors import ClusterError
from cluster.common.places import cache
from harness.processes.console import step

PACKAGES: Final = ["containerd", "containernetworking-plugins", "nftables", "runc"]

_PROGRAMS: Final = ["containerd", "crane", "docker-registry", "ip", "nft", "openssl", "runc"]
"""What must be on PATH where there is no toolbox, besides the CNI plugins."""


def ensure() -> Path | None:
    """Return the folder with the packages' files, fetched if need be; None if not needed.

    Raises ClusterError when they cannot be fetched.
    """
    toolbox = os.environ.get("BAZELW_TOOLBOX")
    if not toolbox:
        _check_path()
        return None
    key = hashlib.sha256("\n".join([toolbox, *PACKAGES]).encode()).hexdigest()[:12]
    layer = cache() / f"debian-{key}"
    if not layer.is_dir():
        layer.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=layer.parent, prefix="debian-") as scratch:
            _fetch(Path(scratch), Path(scratch, "layer"))
            Path(scratch, "layer").rename(layer)
    return layer


def _check_path() -> None:
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if missing:
        raise ClusterError(
            f"there is no {', '.join(missing)} on PATH: start through ./bazelw's own toolbox, "
            f"or install the Debian packages {', '.join([*PACKAGES, 'crane', 'docker-registry'])}"
        )


def _fetch(scratch: Path, layer: Path) -> None:
    """Download the packages, with those they depend on and the toolbox lacks, and unpack them."""
    step(f"fetching {', '.join(PACKAGES)} from Debian (50 MB, once)")
    lists, archives = scratch / "lists", scratch / "cache" / "archives"
    for folder in (lists, archives):
        Path(folder, "partial").mkdir(parents=True)
    # The toolbox itself is read-only: apt writes here, and takes no lock there.
    options = {
        "Dir::State::lists": lists,
        "Dir::Cache": archives.parent,
        "Dir::Log": scratch,
        "Debug::NoLocking": "true",
        # As for the toolbox: a testing release's index expires within days.
        "Acquire::Check-Valid-Until": "false",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"--option={name}={value}" for name, value in options.items())]
    _run([*apt, "update"])
    _run([*apt, "--yes", "--download-only", "install", *PACKAGES])
    layer.mkdir()
    for package in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(layer)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()}")
