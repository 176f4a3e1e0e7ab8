"""Makes the layer of Debian packages that an image is based on.

Nothing is installed: no maintainer script runs, and there is no package manager. What scripts
would set up, and an image needs, system.py adds.
"""

import subprocess
import tarfile
from argparse import ArgumentParser
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from tools.oci.archive import read_archive, write_archive
from tools.oci.bytecode import with_bytecode
from tools.oci.system import system_files
from tools.oci.tree import File, Folder, Link, Tree

# For terminals and for machines that boot; a container is neither.
_NEVER = [
    "etc/cron*",
    "etc/default/*",
    "etc/init.d/*",
    "etc/logrotate.d/*",
    "etc/update-motd.d/*",
    "usr/bin/locale-check",
    "usr/lib/systemd/*",
    "usr/lib/*-linux-gnu/gconv/*",
    "usr/sbin/*",
    "usr/share/bash-completion/*",
    "usr/share/bug/*",
    "usr/share/doc-base/*",
    "usr/share/info/*",
    "usr/share/lintian/*",
    "usr/share/locale/*",
    "usr/share/man/*",
]
_DOCUMENTATION = "usr/share/doc/*"
_LICENSE = "usr/share/doc/*/copyright"  # stays with the files

STATUS = "var/lib/dpkg/status.d"
"""Where image scanners look for packages in an image without dpkg's database."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the layer."""
    parser = ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("output", type=Path)
    parser.add_argument("debs", type=Path, nargs="+")
    parser.add_argument("--drop", action="append", default=[])
    parser.add_argument("--link", action="append", default=[])
    options = parser.parse_args(arguments)
    tree: Tree = {}
    for deb in options.debs:
        tree |= unpack(deb)
    links: Tree = {path: Link(to) for path, to in (link.split("=") for link in options.link)}
    tree = with_bytecode({**without(tree, options.drop), **links})
    write_archive({**tree, **system_files(tree)}, options.output)


def unpack(deb: Path) -> Tree:
    """Return a package's files, and its record for dpkg."""
    record = subprocess.run(["dpkg-deb", "--field", deb], check=True, capture_output=True).stdout
    files = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with (
        subprocess.Popen(files, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        tree = read_archive(archive)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, files)
    return {**tree, f"{STATUS}/{deb.stem}": File(record)}


def without(tree: Tree, drop: list[str]) -> Tree:
    """Leave out what no container needs, what `drop` names, and entries of folders."""
    patterns = [*_NEVER, *drop]
    return {
        path: entry
        for path, entry in tree.items()
        if not any(fnmatchcase(path, pattern) for pattern in patterns)
        and (fnmatchcase(path, _LICENSE) or not fnmatchcase(path, _DOCUMENTATION))
        and not isinstance(entry, Folder)
    }


if __name__ == "__main__":
    main()
