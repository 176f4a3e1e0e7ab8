"""Starts the whole system on this machine: `./bazelw run //local:up`."""

import sys
from argparse import ArgumentParser, Namespace

from local.console import run_command, say, show_addresses
from local.options import add_stack_options, chosen_folder, chosen_ports
from local.stack import Stack


def up(options: Namespace) -> int:
    """Run the stack until it is told to end, or until a server ends (ServerError)."""
    with Stack(chosen_folder(options), chosen_ports(options)) as stack:
        show_addresses(stack)
        say("Ctrl-C ends all of it; the votes are kept.")
        stack.watch()
    return 0


def main() -> int:
    """Read the command line and do it."""
    parser = ArgumentParser(prog="up", description="Runs the voting system on this machine.")
    add_stack_options(parser)
    options = parser.parse_args()
    return run_command(lambda: up(options))


if __name__ == "__main__":
    sys.exit(main())
