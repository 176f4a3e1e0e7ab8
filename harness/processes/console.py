"""What the user sees of a command: its progress, and one clear line when it fails."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from harness.processes.errors import CommandError

_INTERRUPTED: Final = 130  # a shell's status for a program that Ctrl-C ended
_started = time.monotonic()


def say(line: str = "") -> None:
    """Print a line and flush it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def step(what: str) -> None:
    """Print what has been reached, and the seconds since this program started."""
    say(f"{time.monotonic() - _started:7.1f} s  {what}")


def run_command(command: Callable[[], int]) -> int:
    """Run a command and return its exit status.

    The progress of servers goes to standard output. A failure that the user can act on is one line
    on standard error and status 1. Ctrl-C, SIGTERM and SIGHUP end the command cleanly: status 130.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("harness").setLevel(logging.INFO)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except subprocess.CalledProcessError as error:
        output = (error.stderr or error.stdout or b"").strip()
        text = output.decode(errors="replace") if isinstance(output, bytes) else output
        return _fail(f"{error.cmd[0]} failed ({error.returncode}): {text}")
    except (CommandError, OSError) as error:
        return _fail(str(error))


def hide_progress() -> None:
    """Stop printing how servers start and end."""
    logging.getLogger("harness").setLevel(logging.WARNING)


def _fail(reason: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"error: {reason}\n")
    return 1
