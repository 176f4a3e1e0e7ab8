"""The control groups that hold all processes of the cluster, in both versions of the interface.

Version 1 has one tree per controller: the cluster gets a group below the caller's own in each.
Version 2 has one tree, in which a group that delegates controllers holds no processes: the cluster
gets a group of its own at the top, and its processes are in a leaf of that.
"""

import os
from pathlib import Path
from typing import Final

from cluster.common.errors import ClusterError
from harness.processes.waiting import wait_until

ROOT: Final = Path("/sys/fs/cgroup")
LEAF: Final = "node"
"""With version 2, the group of the node's own processes, next to `kubepods`."""

_NEEDED: Final = {"cpu", "cpuset", "memory", "pids"}
_END_SECONDS: Final = 15.0


def is_version_2(root: Path = ROOT) -> bool:
    """Whether `root` is a tree of version 2."""
    return (root / "cgroup.controllers").exists()


def make(name: str, membership: str, root: Path = ROOT) -> list[Path]:
    """Create a group called `name` in each tree and return them.

    `membership` is the caller's /proc/self/cgroup. Raises ClusterError when one cannot be made.
    """
    made: list[Path] = []
    try:
        if is_version_2(root):
            made.append(_make_version_2(root, name))
        else:
            lines = filter(_is_version_1, membership.splitlines())
            made.extend(_make_version_1(root, name, line) for line in lines)
    except OSError as error:
        remove(made)
        raise ClusterError(f"cannot make a control group: {error}") from error
    return made


def _is_version_1(line: str) -> bool:
    return line.split(":", 2)[1] != ""


def _make_version_2(root: Path, name: str) -> Path:
    have = set((root / "cgroup.controllers").read_text().split())
    if not have >= _NEEDED:
        raise ClusterError(f"no control group controllers {', '.join(sorted(_NEEDED - have))}")
    enabled = set((root / "cgroup.subtree_control").read_text().split())
    for controller in sorted(_NEEDED - enabled):
        (root / "cgroup.subtree_control").write_text(f"+{controller}")
    group = root / name
    group.mkdir(exist_ok=True)
    return group


def _make_version_1(root: Path, name: str, line: str) -> Path:
    _, controllers, own = line.split(":", 2)
    parent = root / controllers.removeprefix("name=") / own.strip("/")
    group = parent / name
    group.mkdir(exist_ok=True)
    if "cpuset" in controllers.split(","):  # a new group has no processors and accepts no process
        for file in ("cpuset.cpus", "cpuset.mems"):
            (group / file).write_text((parent / file).read_text())
    return group


def join(groups: list[Path]) -> None:
    """Move this process into the groups, then make them the root of all that it sees."""
    for group in groups:
        (group / "cgroup.procs").write_text("0")
    os.unshare(os.CLONE_NEWCGROUP)


def split_version_2(root: Path = ROOT) -> None:
    """Move this process, the root's only one, into a leaf, and delegate all controllers."""
    leaf = root / LEAF
    leaf.mkdir()
    (leaf / "cgroup.procs").write_text("0")
    for controller in (root / "cgroup.controllers").read_text().split():
        (root / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(groups: list[Path]) -> None:
    """Remove the groups and all below them, once the kernel has ended their processes.

    Raises ClusterError when something still runs there after 15 seconds.
    """

    def left() -> list[Path]:
        return [group for group in groups if group.exists()]

    def are_removed() -> bool:
        for group in left():
            _remove_empty(group)
        return not left()

    def what() -> str:
        return f"the processes in {', '.join(map(str, left()))} end"

    wait_until(are_removed, what, _END_SECONDS, error=ClusterError)


def _remove_empty(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:  # not empty yet: `remove` tries again
            return
