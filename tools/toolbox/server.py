"""The Bazel server of this clone, and the namespace it runs in.

A Bazel client that sees the server's files through another mount namespace restarts the server,
which takes most of a minute. So one is started first, and all clients join it.
"""

import os
import subprocess
from pathlib import Path

from tools.toolbox import namespace, processes, prune
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up, say
from tools.toolbox.places import HERE, output_base, output_user_root

OWN_RC_ONLY = ["--nohome_rc", "--nosystem_rc"]
"""Startup options: no settings but the repository's, whose .bazelrc cannot demand that itself.

What the user or the machine sets for other projects may break this build or change its output.
"""


def bazel() -> list[str]:
    """Return Bazel's command line inside the toolbox, up to the command."""
    return [
        "bazel",
        *OWN_RC_ONLY,
        f"--output_user_root={output_user_root()}",
        f"--output_base={output_base()}",
        f"--bazelrc={HERE / 'toolbox.bazelrc'}",
    ]


def ensure(toolbox: Path) -> int:
    """Return the pid of the server in this toolbox, started now if there is none."""
    with locked(output_base().with_suffix(".lock"), "starting Bazel for this clone"):
        pid = processes.bazel_server(output_base())
        if pid and processes.toolbox_of(pid) == toolbox.name:
            return pid
        if pid:
            shut_down(pid)
        prune.record_use(toolbox)
        prune.prune()
        return start(toolbox)


def shut_down(pid: int) -> None:
    """End the server of an older toolbox, which first finishes its current command."""
    say("shutting down Bazel, which runs in an older toolbox")
    command = namespace.join(pid, [*bazel(), "shutdown"])
    subprocess.run(command, env={**os.environ, "PATH": namespace.PATH}, check=False)
    processes.stop(pid)


def start(toolbox: Path) -> int:
    """Start a server in a new namespace and return its pid."""
    command = namespace.new(toolbox, [*bazel(), "info", "server_pid"])
    started = subprocess.run(
        command,
        env=namespace.environment(toolbox),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if started.returncode:
        give_up("Bazel did not start; see its output above")
    return int(started.stdout)
