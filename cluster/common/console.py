"""What a person sees: progress with times, and one clear line when something fails."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

from cluster.common.errors import ClusterError

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended, as shells have it."""

_started = time.monotonic()


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def step(what: str) -> None:
    """Print what has been reached, and after how many seconds of this program."""
    say(f"{time.monotonic() - _started:7.1f} s  {what}")


def run_command(command: Callable[[], int]) -> int:
    """Run a command line tool's work and return its exit status.

    A failure is one line on standard error and status 1; Ctrl-C, SIGTERM and SIGHUP end the
    work in order.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or b"").strip()
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return _fail(f"{error.cmd[0]} failed ({error.returncode}): {text}")
    except (ClusterError, OSError) as error:
        return _fail(str(error))


def _fail(reason: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"error: {reason}\n")
    return 1
