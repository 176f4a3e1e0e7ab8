"""The processes that run in a toolbox: Bazel servers, and what people and tests started."""

import os
import signal
import time
from pathlib import Path
from typing import Optional

VARIABLE = "BAZELW_TOOLBOX"
"""Names the toolbox in the environment of everything that runs inside one."""


def bazel_server(base: Path) -> Optional[int]:
    """Return the pid of the Bazel server with this output base, if it runs."""
    try:
        pid = int((base / "server" / "server.pid.txt").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(base).encode() in command else None


def toolbox_of(pid: int) -> Optional[str]:
    """Return the name of the toolbox that a process runs in; None for another user's process."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = f"{VARIABLE}=".encode()
    return next((v[len(prefix) :].decode() for v in variables if v.startswith(prefix)), None)


def running_in(toolbox: str) -> bool:
    """Return whether any process that we may look at runs in this toolbox."""
    return any(toolbox_of(int(p.name)) == toolbox for p in Path("/proc").glob("[0-9]*"))


def stop(pid: Optional[int]) -> None:
    """End a process, if there is one, and wait until it is gone."""
    while pid:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        time.sleep(0.1)
