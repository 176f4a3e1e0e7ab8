"""The Bazel server of this clone: in which namespace it lives.

A Bazel client that sees the server's files through another mount namespace restarts the server,
which costs the better part of a minute. So one is started first, and all clients join it.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Optional

from tools.toolbox import namespace, rootfs
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up
from tools.toolbox.places import HERE, output_base, output_user_root


def bazel() -> list[str]:
    """Bazel's command line inside the toolbox, up to the command."""
    return [
        "bazel",
        f"--output_user_root={output_user_root()}",
        f"--output_base={output_base()}",
        f"--bazelrc={HERE / 'toolbox.bazelrc'}",
    ]


def ensure(toolbox: Path) -> int:
    """The pid of the server in this toolbox, started now if there is none."""
    with locked(output_base().with_suffix(".lock"), "starting Bazel for this clone"):
        pid = running()
        if pid and not in_this_toolbox(pid):
            stop(pid)
            pid = None
        return pid or start(toolbox)


def running() -> Optional[int]:
    """The pid of this clone's server, if it runs."""
    try:
        pid = int((output_base() / "server" / "server.pid.txt").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(output_base()).encode() in command else None


def in_this_toolbox(pid: int) -> bool:
    """Whether a server was started in the toolbox that packages.txt describes now."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return f"{namespace.KEY}={rootfs.key()}".encode() in variables


def start(toolbox: Path) -> int:
    """Starts a server in a new namespace."""
    command = namespace.new(toolbox, [*bazel(), "info", "server_pid"])
    started = subprocess.run(
        command, env=namespace.environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if started.returncode:
        give_up("Bazel did not start: it says why above")
    return int(started.stdout)


def stop(pid: int) -> None:
    """Ends a server and waits until it is gone."""
    os.kill(pid, signal.SIGTERM)
    while running() == pid:
        time.sleep(0.1)
