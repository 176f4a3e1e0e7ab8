"""Runs the linters over the work tree: `lint.py all`, or `lint.py LINTER ARGUMENTS`.

Bazel starts it (`./bazelw run //tools/lint`), so that the linters are the locked ones.
"""

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

RUNFILES = Path(__file__).parents[3]


def ruff_command(arguments: list[str]) -> list[str]:
    """Return the command of Ruff, a native program in a wheel."""
    return [str(distribution("ruff").locate_file("bin/ruff")), *arguments]


def mypy_command(arguments: list[str]) -> list[str]:
    """Return the command of mypy on this Python, which has the locked wheels."""
    return [sys.executable, "-m", "mypy", *arguments]


def imports_command(arguments: list[str]) -> list[str]:
    """Return the command of import-linter, with the contracts of .importlinter."""
    return [sys.executable, str(Path(__file__).with_name("contracts.py")), *arguments]


def buildifier_command(arguments: list[str]) -> list[str]:
    """Return the command of buildifier over all its files; without arguments it only checks."""
    return [
        str(RUNFILES / "buildifier" / "buildifier"),
        *(arguments or ["-mode=check", "-lint=warn"]),
        *("-r", "."),
    ]


def links_command(arguments: list[str]) -> list[str]:
    """Return the command that looks for broken links in all Markdown files."""
    return [sys.executable, str(Path(__file__).with_name("links.py")), *arguments]


COMMANDS = {
    "buildifier": buildifier_command,
    "imports": imports_command,
    "links": links_command,
    "mypy": mypy_command,
    "ruff": ruff_command,
}

CHECKS = [
    ["ruff", "check"],
    ["ruff", "format", "--check"],
    ["mypy"],
    ["imports"],
    ["buildifier"],
    ["links"],
]


def environment() -> dict[str, str]:
    """Return mypy's environment: packages on PYTHONPATH, generated modules as our own code."""
    return {
        **os.environ,
        "PYTHONPATH": str(RUNFILES / "pypi" / "site-packages"),
        "MYPYPATH": str(RUNFILES / "monorepo" / "proto"),
    }


def run(name: str, *arguments: str) -> int:
    """Run a linter at the root of the work tree and return its exit status."""
    command = COMMANDS[name](list(arguments))
    root = os.environ["BUILD_WORKSPACE_DIRECTORY"]
    return subprocess.run(command, cwd=root, env=environment(), check=False).returncode


def main(arguments: list[str]) -> int:
    """Run one linter, or all of them; return 0 if nothing was found."""
    if arguments[0] != "all":
        return run(*arguments)
    failed = []
    for check in CHECKS:
        print("==", *check, flush=True)
        if run(*check):
            failed.append(" ".join(check))
    print(f"lint: failed: {', '.join(failed)}" if failed else "lint: all clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
