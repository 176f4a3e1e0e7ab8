"""Commands that run inside the toolbox: with it as root, and the host's folders in place."""

import os
import shutil
from pathlib import Path

from tools.toolbox.places import HERE, REPOSITORY, cache
from tools.toolbox.processes import VARIABLE

# What the toolbox itself has. All else in / is the host's, at its own path.
OF_THE_TOOLBOX = {"bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "usr", "var"}

# Names and addresses are the host's, too.
HOST_FILES = ["/etc/group", "/etc/hosts", "/etc/passwd", "/etc/resolv.conf"]

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Variables that refer to installations of the host, which do not exist inside.
OF_THE_HOST = (
    "CC", "CXX", "GOPATH", "GOROOT", "JAVA_HOME", "LANGUAGE", "LC_", "LD_", "M2_HOME",
    "MAVEN_HOME", "PIP_FIND_LINKS", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV",
)  # fmt: skip


def environment(toolbox: Path) -> dict[str, str]:
    """Return the caller's environment, without what only makes sense outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_HOST)}
    return {**kept, "PATH": PATH, "LANG": "C.UTF-8", VARIABLE: toolbox.name}


def host_paths() -> list[Path]:
    """Return the paths of the host that are visible inside."""
    folders = [path for path in sorted(Path("/").iterdir()) if path.name not in OF_THE_TOOLBOX]
    paths = [f for f in folders if f.is_dir() and not f.is_symlink() and f.name != "lost+found"]
    paths += [Path(name) for name in HOST_FILES if Path(name).exists()]
    for needed in (REPOSITORY, cache(), Path.home(), Path("/var/tmp")):
        if needed.parts[1] in OF_THE_TOOLBOX:
            paths.append(needed)
    return paths


def new(toolbox: Path, command: list[str], mode: str = "ro") -> list[str]:
    """Return the command line that runs `command` in a new namespace.

    Mode "ro" protects the toolbox. With "rw" the command may change it, and is root inside.
    """
    paths = host_paths()
    for path in paths:
        make_mount_point(path, Path(f"{toolbox}{path}"))
    unshare = ["unshare", "--mount"]
    if os.geteuid() != 0:
        unshare.append("--user")
        unshare += ["--map-root-user"] if mode == "rw" else ["--map-current-user", "--keep-caps"]
    script = ["sh", str(HERE / "enter.sh"), str(toolbox), mode, "\n".join(map(str, paths))]
    return unshare + script + in_working_directory(command)


def join(pid: int, command: list[str]) -> list[str]:
    """Return the command line that runs `command` in the namespace of a running process."""
    # By its path: nsenter is the host's, while PATH is already that of the toolbox.
    nsenter = [shutil.which("nsenter") or "nsenter", f"--target={pid}", "--mount"]
    if os.geteuid() != 0:
        nsenter += ["--user", "--preserve-credentials"]
    return nsenter + in_working_directory(command)


def in_working_directory(command: list[str]) -> list[str]:
    """Return the command in the caller's working directory, which a new namespace leaves."""
    return ["env", f"--chdir={Path.cwd()}", *command]


def make_mount_point(source: Path, target: Path) -> None:
    """Make the empty file or folder that `source` is mounted on."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # a symbolic link that leads nowhere
        target.touch()
