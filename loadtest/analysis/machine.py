"""The machine and the version of the code that a comparison ran with."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Final

_GIT_TIMEOUT_SECONDS: Final = 5.0  # for git; a report can do without the version


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the load generator's machine in words: its processor, cores and operating system.

    The system under test may run elsewhere; the report's target says where.
    """
    cores = os.process_cpu_count() or 1
    system = f"{platform.system()} {platform.release()}"
    return f"{_processor(cpuinfo)}, {cores} core{'s' * (cores > 1)}, {system}"


def _processor(cpuinfo: Path) -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def version() -> str | None:
    """Return the code's version as git describes it; None outside a working copy.

    `bazel run` starts programs in another folder; the variable names the working copy.
    """
    folder = os.environ.get("BUILD_WORKSPACE_DIRECTORY") or str(Path(__file__).parent)
    command = ["git", "-C", folder, "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        described = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_SECONDS
        )
    except OSError, subprocess.SubprocessError:
        return None
    return described.stdout.strip() or None
