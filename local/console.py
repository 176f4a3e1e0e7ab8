"""What a person sees of the stack: progress, addresses, and one clear line when it fails."""

import logging
import signal
import sys
from collections.abc import Callable
from typing import Final

from harness.processes.errors import PortInUseError, ServerError
from harness.system.stack import Stack
from local.beside import compare_command, verify_command

_INTERRUPTED: Final = 130  # what a shell says of a program that Ctrl-C ended


def say(line: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show_addresses(stack: Stack) -> None:
    """Print what listens where, and how to use it."""
    say()
    say(f"{'what':18} {'address':28} process")
    for server in stack.servers:
        say(f"{server.name:18} {getattr(server, 'url', server.address):28} {server.pid}")
    say(f"\nvote      POST {stack.entry.url}/votes")
    say(f"verify    {verify_command(stack)}")
    say(f"compare   {compare_command(stack)}")
    say(f"measures  {stack.prometheus.url}")
    say(f"logs      {stack.kafka.log.parent}/*.log")
    say(f"page      {stack.entry.url}/")


def run_command(command: Callable[[], int]) -> int:
    """Run a command line tool's work and return its exit status.

    Progress goes to standard output. A failure of a server is one line on standard error and
    status 1. Ctrl-C, SIGTERM and SIGHUP end the work in order: status 130 when it was not done.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("local").setLevel(logging.INFO)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return command()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except PortInUseError as error:
        option = error.port_name.replace("_", "-")
        return _fail(f"{error}; end it, or choose another port with --port-{option}")
    except (ServerError, OSError) as error:
        return _fail(str(error))


def _fail(reason: str) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"error: {reason}\n")
    return 1
