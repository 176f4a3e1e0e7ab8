"""The toolbox: a Debian root file system with Bazel and all that the build needs, built once."""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tools.toolbox import host
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up, say
from tools.toolbox.places import HERE, REPOSITORY, cache
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


GONE = re.compile(r"Version '[^']*' for '([^']*)' was not found|Unable to locate package (\S+)")
"""What apt says of a package or a version that the mirror does not have."""


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
    status, said = make_as_root(unfinished) if os.geteuid() == 0 else make_as_user(unfinished)
    if status:
        remove(unfinished)
        give_up(reason(said))
    unfinished.rename(toolbox)
    say(f"built the toolbox in {time.monotonic() - started:.0f} s")


def mmdebstrap(target: str) -> list[str]:
    """Return the command that makes the toolbox in a folder, or as a tar file on stdout ("-")."""
    mirror = os.environ.get("BAZELW_MIRROR") or host.debian_mirror()
    command = ["mmdebstrap", *OPTIONS, f"--include={','.join(packages())}", SUITE, target]
    return command + ([mirror] if mirror else [])


def make_as_root(target: Path) -> tuple[int, str]:
    """Make the toolbox, and return mmdebstrap's exit status and what it said."""
    command = mmdebstrap(str(target))
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        said = passed_on(process)
    return process.returncode, said


def make_as_user(target: Path) -> tuple[int, str]:
    """Do the same with all files owned by the ordinary user who runs this."""
    unpack = ["tar", "--extract", "--no-same-owner", "--exclude=./dev/*", f"--directory={target}"]
    archive = subprocess.Popen(
        [*mmdebstrap("-"), "--mode=unshare", "--format=tar"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with archive, subprocess.Popen(unpack, stdin=archive.stdout) as unpacking:
        said = passed_on(archive)
    return archive.returncode or unpacking.returncode, said


def passed_on(process: "subprocess.Popen[str]") -> str:
    """Write what a process says on stderr to ours as it comes, and return all of it."""
    said = []
    for line in process.stderr or ():
        sys.stderr.write(line)
        said.append(line)
    return "".join(said)


def reason(said: str) -> str:
    """Return why mmdebstrap failed, by what it said, and what to do next."""
    gone = GONE.findall(said)
    if not gone:
        return "could not build the toolbox; see mmdebstrap's output above"
    names = ", ".join(sorted({versioned or unknown for versioned, unknown in gone}))
    wanted = (REPOSITORY / ".bazelversion").read_text().strip()
    return (
        f"Debian {SUITE} no longer has what tools/toolbox/packages.txt names: {names}\n"
        "bazelw: do one of these:\n"
        "bazelw: - set BAZELW_MIRROR to Debian's snapshot of a day on which it still had them\n"
        f"bazelw: - put a bazel {wanted} and a python3.14 of your own on PATH\n"
        "bazelw: - name other versions in packages.txt\n"
        "bazelw: docs/troubleshooting.md#the-toolbox-cannot-be-built has the details"
    )
