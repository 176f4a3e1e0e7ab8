"""Checks of this machine before the stack starts."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

from harness.processes.errors import PortInUseError, ServerError
from harness.processes.ports import is_free
from harness.processes.server import Server

NEEDED_MEMORY_MB: Final = 1500
"""Memory that the whole stack needs, with some room for load (MB)."""


def check_memory(meminfo: str, needed_mb: int = NEEDED_MEMORY_MB) -> None:
    """Raise ServerError when `meminfo`, the text of /proc/meminfo, shows too little memory."""
    numbers = dict(line.split(":") for line in meminfo.splitlines())
    available_mb = int(numbers["MemAvailable"].removesuffix("kB")) // 1024
    if available_mb < needed_mb:
        raise ServerError(
            f"not enough memory: {available_mb} MB available, the stack needs {needed_mb} MB"
        )


def check_programs(servers: Iterable[Server]) -> None:
    """Raise ServerError when a program that a server runs on is missing."""
    for server in servers:
        server.command()


def check_ports(servers: Iterable[Server]) -> None:
    """Raise PortInUseError when another program listens on a port of ours."""
    for server in servers:
        for name, port in server.ports.items():
            if not is_free(port):
                raise PortInUseError(name, port)


def lock_folder(folder: Path) -> TextIO:
    """Return a file that keeps every other stack out of the folder until it is closed.

    Raises ServerError when another one has it.
    """
    file = (folder / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise ServerError(
            f"another stack (process {owner}) is using {folder}: "
            "stop it, or choose another --data-dir"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
