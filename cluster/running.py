"""Whether the cluster runs, by its lock, and how to end it."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import IO

from cluster.common.errors import ClusterError
from cluster.common.places import State
from cluster.node import cgroups


def hold(state: State) -> IO[str]:
    """Lock the state for a new cluster: the node inherits the file, which stays locked.

    Raises ClusterError when a cluster holds it.
    """
    state.lock.parent.mkdir(parents=True, exist_ok=True)
    file = state.lock.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ClusterError(
            "a cluster is already running or starting: stop it with ./bazelw run //cluster:down"
        ) from None
    return file


def is_up(state: State) -> bool:
    """Return whether a cluster runs or is being started."""
    if not state.lock.exists():
        return False
    with state.lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def record(state_lock: IO[str], pid: int) -> None:
    """Record the process whose end ends the cluster."""
    state_lock.truncate(0)
    state_lock.write(f"{pid}\n")
    state_lock.flush()


def node_process(state: State) -> int | None:
    """Return the recorded process; None before the node was started."""
    text = state.lock.read_text().strip() if is_up(state) else ""
    return int(text) if text else None


def first_process(state: State) -> int:
    """Return the node's first process, for nsenter. Raises ClusterError when there is none."""
    pid = node_process(state)
    children = Path(f"/proc/{pid}/task/{pid}/children") if pid else None
    if children is None or not children.exists() or not children.read_text().strip():
        raise ClusterError("no cluster is running: start one with ./bazelw run //cluster:up")
    return int(children.read_text().split()[0])


def inside(state: State) -> list[str]:
    """Return the prefix with which a command runs in the cluster's namespaces."""
    target = f"--target={first_process(state)}"
    return ["nsenter", target, "--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup"]


def end(state: State) -> None:
    """End the cluster, if one runs, and remove all that is left of it."""
    if pid := node_process(state):
        # The kernel then kills the node's first process, with it all others, and drops their
        # mounts and their network.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # usually another command's child
            os.waitpid(pid, 0)
    clear(state)
    state.lock.unlink(missing_ok=True)


def clear(state: State) -> None:
    """Remove what is left of a cluster whose processes are dead or dying."""
    if state.description.exists():
        description = json.loads(state.description.read_bytes())
        cgroups.remove([Path(group) for group in description["groups"]])
    # Never into another file system, should a mount of it be visible here after all.
    subprocess.run(["rm", "-rf", "--one-file-system", str(state.folder)], check=True)
