"""Writes the BUILD file of @pypi: one py_library per distribution below a site-packages folder.

Run inside the repository rule: write_build.py SITE_PACKAGES REQUIREMENTS_LOCK. Prints the file.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

HEADER = """load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])
"""

# The files of one distribution. They name no dependency, so wheels may need each other in circles.
FILES = """
py_library(
    name = {files_name},
    srcs = {sources},
    data = {data},
    imports = ["site-packages"],
    tags = [{version}],
    visibility = ["//visibility:private"],
)
"""

# What a target depends on: a distribution with all that it needs.
LIBRARY = """
py_library(
    name = {name},
    deps = {deps},
)
"""

# For the linters, which look at everything.
ALL = """
py_library(
    name = "all",
    deps = {deps},
)
"""

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


def requirements(found: dict[str, Distribution], node: Node) -> Iterator[Node]:
    """Yield the installed distributions, with extras, that one node needs directly."""
    from packaging.requirements import Requirement  # itself one of the wheels

    name, extra = node
    for line in found[name].requires or []:
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": extra}):
            continue
        if target_name(needed.name) in found:
            yield from ((target_name(needed.name), e) for e in ("", *needed.extras))


def closure(found: dict[str, Distribution], start: list[Node]) -> set[str]:
    """All distributions reached from `start`, itself included."""
    seen, waiting = set(start), list(start)
    while waiting:
        for node in requirements(found, waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return {name for name, _ in seen}


def owned_files(site: Path, distribution: Distribution) -> Iterator[str]:
    """Yield the files that a wheel installed, relative to the repository."""
    for row in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        # pip puts programs into bin/ below the target folder but records them as ../../bin.
        path = site / row[0].removeprefix("../../")
        if path.suffix == ".pyc" or not path.is_file() or is_console_script(path):
            continue
        yield str(path)
        if path.suffix == ".py":
            yield from map(str, path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))


def is_console_script(path: Path) -> bool:
    """Whether pip generated the file: its first line names the virtual environment, which goes."""
    return path.parent.name == "bin" and path.read_bytes()[:2] == b"#!"


def library(found: dict[str, Distribution], extras: list[Node], site: Path, name: str) -> str:
    """Return the two targets of one distribution."""
    files = sorted(owned_files(site, found[name]))
    start = [(name, "")] + [node for node in extras if node[0] == name]
    values = {
        "name": name,
        "files_name": f"{name}.files",
        "version": f"version={found[name].version}",
        "sources": [f for f in files if f.endswith(".py")],
        "data": [f for f in files if not f.endswith((".py", "/RECORD", "/INSTALLER"))],
        "deps": [f":{n}.files" for n in sorted(closure(found, start))],
    }
    quoted = {key: json.dumps(value) for key, value in values.items()}
    return FILES.format(**quoted) + LIBRARY.format(**quoted)


def main(site: Path, lock: Path) -> None:
    """Print the BUILD file."""
    sys.path.insert(0, str(site))
    found = {target_name(d.name): d for d in distributions(path=[str(site)])}
    extras = list(locked_extras(lock.read_text()))
    print(HEADER + "".join(library(found, extras, site, name) for name in sorted(found)))
    print(ALL.format(deps=json.dumps([f":{name}.files" for name in sorted(found)])))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
