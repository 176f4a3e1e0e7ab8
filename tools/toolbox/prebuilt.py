"""The machine's own Bazel, which is used if it is the right one and there is a Python for it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.toolbox.places import REPOSITORY

PROGRAMS = REPOSITORY / "tools/programs/programs.txt"
"""What targets start besides Bazel and Python; //tools/programs reads this list, too."""

RELEASE = Path("/etc/os-release")


def missing() -> list[str]:
    """Return what is missing to use this machine's own Bazel; empty if it can be used."""
    if os.environ.get("BAZELW_USE") == "toolbox":
        return ["the toolbox, as BAZELW_USE says"]
    wanted = (REPOSITORY / ".bazelversion").read_text().strip()
    if output_of("bazel", "--version") != f"bazel {wanted}":
        return [f"Bazel {wanted}"]
    return [] if shutil.which("python3.14") else ["python3.14"]


def absent() -> list[str]:
    """Return the programs that some targets need and this machine does not have."""
    lines = PROGRAMS.read_text().splitlines()
    listed = [line.partition(">=") for line in lines if line and not line.startswith("#")]
    return [
        f"{name} {oldest} or newer" if oldest else name
        for name, _, oldest in listed
        if not is_there(name, oldest)
    ]


def is_there(name: str, oldest: str) -> bool:
    """Return whether the machine has a program; `oldest` is the oldest version of Java."""
    if name == "debian-forky":
        release = RELEASE.read_text().splitlines() if RELEASE.exists() else []
        return bool(shutil.which("apt-get")) and "VERSION_CODENAME=forky" in release
    return bool(shutil.which(name)) and (not oldest or java_version() >= int(oldest))


def java_version() -> int:
    """Return the major version of the Java on PATH; 0 if it is unknown."""
    found = re.search(r'version "(\d+)', output_of("java", "-version"))
    return int(found[1]) if found else 0


def output_of(*command: str) -> str:
    """Return what a program prints, errors included; empty if there is no such program."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout.strip()
