"""Starts the whole system on this machine: `./bazelw run //local:up`."""

import sys
from argparse import ArgumentParser, Namespace

from harness.processes.console import say
from harness.system.stack import Stack
from local.console import run_stack_command, show_addresses
from local.options import (
    add_stack_options,
    at_least_one,
    chosen_collector,
    chosen_folder,
    chosen_ports,
)


def up(options: Namespace) -> int:
    """Run the stack until it is interrupted; raises ServerError when a server ends."""
    limit = options.votes_per_second_per_address
    folder, ports = chosen_folder(options), chosen_ports(options)
    collector = chosen_collector(options)
    with Stack(folder, ports, limit, has_unary=options.grpc_unary, collector=collector) as stack:
        show_addresses(stack)
        say("Press Ctrl-C to stop everything; votes are kept.")
        stack.watch()
    return 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(prog="up", description="Run the voting system on this machine.")
    add_stack_options(parser)
    parser.add_argument(
        "--votes-per-second-per-address",
        type=at_least_one,
        metavar="N",
        help="votes per second accepted from one client address, with bursts of twice as many; "
        "further votes get 429 (default: no limit)",
    )
    options = parser.parse_args()
    return run_stack_command(lambda: up(options))


if __name__ == "__main__":
    sys.exit(main())
