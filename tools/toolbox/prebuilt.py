"""The machine's own Bazel, which is used if everything that the build needs is installed."""

import re
import shutil
import subprocess

from tools.toolbox.places import REPOSITORY

PROGRAMS = [
    "bwrap", "chromium", "crane", "docker-registry", "go", "java", "mvn", "prometheus",
    "python3.14", "redis-server", "skopeo",
]  # fmt: skip
"""What the build and its tests start besides Bazel: the same as in packages.txt."""

OLDEST_JAVA = 17
"""Kafka's brokers need it."""


def missing() -> list[str]:
    """Return what is missing to use this machine's own Bazel; empty if it can be used."""
    wanted = (REPOSITORY / ".bazelversion").read_text().strip()
    if output_of("bazel", "--version") != f"bazel {wanted}":
        return [f"Bazel {wanted}"]
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if "java" not in absent and java_version() < OLDEST_JAVA:
        absent.append(f"Java {OLDEST_JAVA} or newer")
    return absent


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
