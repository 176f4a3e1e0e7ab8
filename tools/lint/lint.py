"""Runs the linters over the work tree: `lint.py all`, or `lint.py ruff|mypy|buildifier ARGUMENTS`.

Bazel starts it (`./bazelw run //tools/lint`), so that the linters are the locked ones.
"""

import os
import subprocess
import sys
from pathlib import Path

import mypy
import ruff

RUNFILES = Path(__file__).parents[3]


def ruff_command(arguments: list[str]) -> list[str]:
    """Ruff, a native program."""
    return [ruff.find_ruff_bin(), *arguments]


def mypy_command(arguments: list[str]) -> list[str]:
    """Mypy on this Python, which sees the locked wheels."""
    return [sys.executable, "-m", "mypy", *arguments]


def buildifier_command(arguments: list[str]) -> list[str]:
    """Buildifier over all BUILD and .bzl files; without arguments it only checks."""
    return [
        str(RUNFILES / "buildifier" / "buildifier"),
        *(arguments or ["-mode=check", "-lint=warn"]),
        *("-r", "."),
    ]


COMMANDS = {"buildifier": buildifier_command, "mypy": mypy_command, "ruff": ruff_command}

EVERYTHING = {
    "ruff check": ruff_command(["check"]),
    "ruff format": ruff_command(["format", "--check"]),
    "mypy": mypy_command([]),
    "buildifier": buildifier_command([]),
}


def environment() -> dict[str, str]:
    """Where mypy looks: installed packages on PYTHONPATH, generated modules as our own code."""
    return {
        **os.environ,
        "PYTHONPATH": str(Path(mypy.__file__).parents[1]),
        "MYPYPATH": str(RUNFILES / "monorepo" / "proto"),
    }


def run(command: list[str]) -> int:
    """Runs a linter at the root of the work tree; its exit status."""
    root = os.environ["BUILD_WORKSPACE_DIRECTORY"]
    return subprocess.run(command, cwd=root, env=environment(), check=False).returncode


def main(arguments: list[str]) -> int:
    """Runs one linter, or all of them; 0 if nothing was found."""
    name, *rest = arguments
    if name != "all":
        return run(COMMANDS[name](rest))
    failed = []
    for what, command in EVERYTHING.items():
        print(f"== {what}", flush=True)
        if run(command):
            failed.append(what)
    print(f"lint: {', '.join(failed)} found something" if failed else "lint: all clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
