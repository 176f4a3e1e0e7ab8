"""Processor time of processes, as the kernel counts it."""

import time
from collections.abc import Mapping

from harness.processes.server import Server


def cpu_seconds(pid: int) -> float:
    """Return the processor time, user and system, that a process has used: all its threads.

    Read from the process's own clock, which counts nanoseconds where /proc/PID/stat counts
    hundredths of a second (clock_getcpuclockid(3): the number of the clock follows from the pid).
    Raises OSError when there is no such process.
    """
    return time.clock_gettime(~pid << 3 | 2)


def cpu_of(servers: Mapping[str, Server]) -> dict[str, float]:
    """Return the processor time that each of these servers has used so far; check they run."""
    found = {}
    for name, server in servers.items():
        server.check_running()
        if server.pid is not None:
            found[name] = cpu_seconds(server.pid)
    return found
