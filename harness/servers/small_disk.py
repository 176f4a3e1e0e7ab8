"""A disk of a few megabytes that can be filled, to see what a server does then."""

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.processes.errors import NotReadyError, ServerError
from harness.processes.programs import python_environment
from harness.processes.server import Server

_PRIVATE: Final = 1 << 18 | 1 << 14  # MS_PRIVATE | MS_REC


class SmallDisk(Server):
    """A file system in memory, in a mount namespace of its own: nobody else's mounts change.

    The folder `path` leads there while the disk runs; what is on it is lost when it ends.
    """

    def __init__(self, name: str, size_kb: int, folder: Path) -> None:
        """`size_kb` is its size in KiB."""
        super().__init__(name, 0, folder)
        self.size_kb = size_kb

    @property
    def ports(self) -> dict[str, int]:
        """None: it does not listen."""
        return {}

    @property
    def path(self) -> Path:
        """The disk as other processes reach it: through the process that holds it."""
        if self.pid is None:
            raise ServerError(f"{self.name} is not running; log: {self.log}")
        return Path(f"/proc/{self.pid}/root{self.data}")

    def command(self) -> list[str]:
        """Return the command line of this module."""
        module = "harness.servers.small_disk"
        return [sys.executable, "-m", module, str(self.data), str(self.size_kb)]

    def environment(self) -> Mapping[str, str]:
        """Let the child import what this process can import."""
        return python_environment()

    def probe(self) -> None:
        """Check that the disk is mounted."""
        disk = os.statvfs(self.path)
        if disk.f_blocks * disk.f_frsize != self.size_kb * 1024:
            raise NotReadyError("not mounted yet")

    def fill(self) -> None:
        """Leave no byte free, until `clear`."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            size = 64 * 1024
            while size:
                try:
                    filler.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def clear(self) -> None:
        """Free what `fill` took."""
        (self.path / "filler").unlink()


def _hold(folder: str, size_kb: str) -> None:
    """Mount the disk and hold it until killed."""
    try:
        os.unshare(os.CLONE_NEWNS)
    except PermissionError:
        _unshare_as_ordinary_user()
    libc = ctypes.CDLL(None, use_errno=True)
    # Where / is not a mount point (in a chroot) this fails; the chroot's maker has done it.
    libc.mount(b"none", b"/", None, _PRIVATE, None)
    options = f"size={size_kb}k".encode()
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, options):
        raise OSError(ctypes.get_errno(), f"cannot mount a disk at {folder}")
    signal.pause()


def _unshare_as_ordinary_user() -> None:
    """Create a mount namespace, for which an ordinary user needs a user namespace."""
    user, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    # Ids stay as they are: a disk takes no file of a user whom its namespace does not map.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


if __name__ == "__main__":
    _hold(sys.argv[1], sys.argv[2])
