"""Writes requirements_lock.txt from requirements.in: each wheel's version and its hashes."""

import os
import subprocess
import sys

from uv import find_uv_bin

OPTIONS = [
    "--generate-hashes",
    "--no-strip-extras",  # write_build.py reads which extras are meant
    "--only-binary=:all:",
    # What the toolbox and the images run on, wherever this is called.
    "--python-version=3.14",
    "--python-platform=x86_64-manylinux_2_28",
    "--output-file=requirements_lock.txt",
]


def environment() -> dict[str, str]:
    """Return uv's environment: pip's index, the machine's certificates, no Python of its own."""
    variables = {
        **os.environ,
        "UV_CUSTOM_COMPILE_COMMAND": "./bazelw run //tools/pip:lock",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "true",
    }
    if index := os.environ.get("PIP_INDEX_URL"):
        variables["UV_DEFAULT_INDEX"] = index
    return variables


def main(arguments: list[str]) -> int:
    """Write the file. `--upgrade` takes the newest versions; else those that still fit stay."""
    command = [find_uv_bin(), "pip", "compile", "--quiet", *OPTIONS, *arguments, "requirements.in"]
    root = os.environ["BUILD_WORKSPACE_DIRECTORY"]
    return subprocess.run(command, cwd=root, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
