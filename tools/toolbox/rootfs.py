"""The toolbox: a Debian root file system with Bazel and all that the build needs, built once."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

from tools.toolbox import host
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up, say
from tools.toolbox.places import HERE, cache
from tools.toolbox.remove import remove

SUITE = "forky"
OPTIONS = [
    "--variant=apt",
    # A testing release's index expires within days; its signature is still checked.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Install-Recommends "false"',
    # apt's own download user cannot enter a home folder.
    '--aptopt=APT::Sandbox::User "root"',
    # Debian's flags for Bazel keep every sandbox for debugging; toolbox.bazelrc has what is needed.
    '--customize-hook=rm "$1/etc/bazel/bazelrc"',
]


def packages() -> list[str]:
    """Return the packages that packages.txt lists."""
    lines = (HERE / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def key() -> str:
    """Return a hash of what the toolbox is built from: a change makes another toolbox."""
    recipe = "\n".join([SUITE, *OPTIONS, *packages()])
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def path() -> Path:
    """Return where this version of the toolbox is, or will be."""
    return cache() / f"toolbox-{key()}"


def lock() -> Path:
    """Return the lock file to hold while toolboxes are made, changed or removed."""
    return cache() / "toolbox.lock"


def ensure() -> Path:
    """Return the toolbox, built now if it does not exist yet."""
    toolbox = path()
    if not toolbox.is_dir():
        host.install_mmdebstrap()
        with locked(lock(), "building the toolbox"):
            if not toolbox.is_dir():
                make(toolbox)
    return toolbox


def make(toolbox: Path) -> None:
    """Build the toolbox next to its place and move it there when it is complete."""
    say(f"building the toolbox (Debian {SUITE}, 2.7 GB, once, a minute or two): {toolbox}")
    started = time.monotonic()
    unfinished = toolbox.with_suffix(".unfinished")
    remove(unfinished)
    unfinished.mkdir(parents=True)
    if os.geteuid() == 0:
        status = subprocess.call(mmdebstrap(str(unfinished)), stdin=subprocess.DEVNULL)
    else:
        status = make_as_user(unfinished)
    if status:
        give_up("could not build the toolbox; see mmdebstrap's output above")
    unfinished.rename(toolbox)
    say(f"built the toolbox in {time.monotonic() - started:.0f} s")


def mmdebstrap(target: str) -> list[str]:
    """Return the command that makes the toolbox in a folder, or as a tar file on stdout ("-")."""
    mirror = os.environ.get("BAZELW_MIRROR") or host.debian_mirror()
    command = ["mmdebstrap", *OPTIONS, f"--include={','.join(packages())}", SUITE, target]
    return command + ([mirror] if mirror else [])


def make_as_user(target: Path) -> int:
    """Make the toolbox with all files owned by the ordinary user who runs this."""
    archive = subprocess.Popen(
        [*mmdebstrap("-"), "--mode=unshare", "--format=tar"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    unpack = ["tar", "--extract", "--no-same-owner", "--exclude=./dev/*", f"--directory={target}"]
    unpacked = subprocess.call(unpack, stdin=archive.stdout)
    return archive.wait() or unpacked
