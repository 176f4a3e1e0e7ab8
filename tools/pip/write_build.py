"""Writes the BUILD file of @pypi: one py_library per distribution below a site-packages folder.

Run inside the repository rule; prints the file.
"""

import csv
import json
import platform
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

HEADER = """load("@//tools/pip:folders.bzl", "folders")
load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

exports_files(["defs.bzl"])
"""

# What wheels require and never import: setuptools would be 2 MB of every service's image.
UNUSED = {"sanic": {"setuptools"}}

# The files of one distribution. They name no dependency, so wheels may need each other in circles.
FILES = """
folders(
    name = {folders_name},
    srcs = glob({globs}),
    folders = {folders},
    visibility = ["//visibility:private"],
)

py_library(
    name = {files_name},
    data = [{folders_name}] + {files},
    imports = ["site-packages"],
    tags = [{version}],
    visibility = ["//visibility:private"],
)
"""

# What a target depends on: a distribution with all that it needs, or the same of the repository for
# the processor that is built for.
LIBRARY = """
py_library(
    name = {name},
    deps = select({{
        {elsewhere}"//conditions:default": {deps},
    }}),
)
"""
ELSEWHERE = """"@//tools/oci:{processor}": ["@pypi_{processor}//:{name}"],
        """

# For the linters, which look at everything.
ALL = """
py_library(
    name = "all",
    deps = {deps},
)
"""

# What only pip reads, and differs from one installation to the next.
PIPS_OWN = ("RECORD", "INSTALLER")

type Node = tuple[str, str]
"""A distribution and one extra of it; the extra "" is the distribution itself."""


def target_name(name: str) -> str:
    """Return the label's name for a distribution's name, as PyPI compares names."""
    return re.sub(r"[-_.]+", "_", name).lower()


def locked_extras(lock: str) -> Iterator[Node]:
    """Yield the extras that the lock file asks for, as in `optype[numpy]==0.19.0`."""
    for name, extras in re.findall(r"^([\w.-]+)\[([^\]]+)\]==", lock, re.MULTILINE):
        for extra in extras.split(","):
            yield target_name(name), extra.strip()


def requirements(found: dict[str, Distribution], node: Node, machine: str) -> Iterator[Node]:
    """Yield the installed distributions, with extras, that one node needs directly."""
    from packaging.requirements import Requirement  # itself one of the wheels

    name, extra = node
    for line in found[name].requires or []:
        needed = Requirement(line)
        where = {"extra": extra, "platform_machine": machine}
        if needed.marker and not needed.marker.evaluate(where):
            continue
        other = target_name(needed.name)
        if other in found and other not in UNUSED.get(name, ()):
            yield from ((other, e) for e in ("", *needed.extras))


def closure(found: dict[str, Distribution], start: list[Node], machine: str) -> set[str]:
    """All distributions reached from `start`, itself included."""
    seen, waiting = set(start), list(start)
    while waiting:
        for node in requirements(found, waiting.pop(), machine):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return {name for name, _ in seen}


def owners(site: Path, found: dict[str, Distribution]) -> dict[Path, str]:
    """Return which distribution installed a file, for each that is of use to others."""
    owned = {}
    for name, distribution in found.items():
        for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            # pip puts programs into bin/ below the target folder but records them as ../../bin.
            path = site / row[0].removeprefix("../../")
            if path.suffix == ".pyc" or not path.is_file():
                continue
            if is_console_script(path) or path.name in PIPS_OWN:
                path.unlink()
                continue
            owned[path] = name
            if path.suffix == ".py":
                compiled = path.parent.glob(f"__pycache__/{path.stem}.*.pyc")
                owned.update(dict.fromkeys(compiled, name))
    return owned


def is_console_script(path: Path) -> bool:
    """Whether pip generated the file: its first line names the virtual environment, which goes."""
    return path.parent.name == "bin" and path.read_bytes()[:2] == b"#!"


def parts(folder: Path, owned: dict[Path, str]) -> dict[Path, str]:
    """Return the owner of each folder that has one owner, and else of what is in it."""
    found: dict[Path, str] = {}
    for path in folder.iterdir():
        if path.is_dir():
            found |= parts(path, owned)
        elif path in owned:
            found[path] = owned[path]
    if len(set(found.values())) == 1:
        return {folder: next(iter(found.values()))}
    return found


def library(
    found: dict[str, Distribution],
    extras: list[Node],
    whole: list[Path],
    name: str,
    options: Namespace,
) -> str:
    """Return the targets of one distribution, whose files and whole folders are `whole`."""
    folders = sorted(str(path) for path in whole if path.is_dir())
    start = [(name, "")] + [node for node in extras if node[0] == name]
    values = {
        "name": name,
        "files_name": f"{name}.files",
        "folders_name": f"{name}.folders",
        "version": f"version={found[name].version}",
        "folders": folders,
        "globs": [f"{folder}/**" for folder in folders],
        "files": sorted(str(path) for path in whole if path.is_file()),
        "deps": [f":{n}.files" for n in sorted(closure(found, start, options.machine))],
    }
    written = {key: json.dumps(value) for key, value in values.items()}
    elsewhere = (ELSEWHERE.format(name=name, processor=p) for p in options.elsewhere)
    return (FILES + LIBRARY).format(**written, elsewhere="".join(elsewhere))


def main(options: Namespace) -> None:
    """Print the BUILD file."""
    site, lock = options.site_packages, options.requirements_lock
    sys.path.insert(0, str(site))
    found = {target_name(d.name): d for d in distributions(path=[str(site)])}
    extras = list(locked_extras(lock.read_text()))
    whole: dict[str, list[Path]] = {name: [] for name in found}
    for path, name in parts(site, owners(site, found)).items():
        whole[name].append(path)
    libraries = (library(found, extras, whole[name], name, options) for name in sorted(found))
    print(HEADER + "".join(libraries))
    print(ALL.format(deps=json.dumps([f":{name}.files" for name in sorted(found)])))


def parse() -> Namespace:
    """Return the options of the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("site_packages", type=Path)
    parser.add_argument("requirements_lock", type=Path)
    parser.add_argument("--machine", default=platform.machine(), help="what wheels are for")
    parser.add_argument(
        "--elsewhere",
        action="append",
        default=[],
        metavar="PROCESSOR",
        help="another one, for which distributions come from @pypi_PROCESSOR",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main(parse())
