"""Shows the system at work: `./bazelw run //:demo`. The stack, a poll, a comparison, the pages."""

import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from harness.processes.console import say
from harness.processes.process import Process
from harness.processes.programs import ROOT, python_environment
from harness.system.stack import Stack
from local.commands import comparison_options
from local.console import run_stack_command, show_addresses
from local.demo_poll import show_poll
from local.options import add_stack_options, chosen_collector, chosen_folder, chosen_ports

_POLL_SECONDS: Final = 0.2
_GRACE_SECONDS: Final = 10.0


def demo(options: Namespace) -> int:
    """Run the stack, a poll and the comparison, then wait or, with --once, return the status."""
    folder = chosen_folder(options)
    report = folder / "reports" / time.strftime("%Y-%m-%d-%H%M%S")
    ports, collector = chosen_ports(options), chosen_collector(options)
    with Stack(folder, ports, has_unary=options.grpc_unary, collector=collector) as stack:
        show_addresses(stack)
        poll_status = show_poll(stack)
        say(
            f"\nComparing the routes: each alone for {options.duration:g} s, in turns, then the"
            f" split for {options.duration / 2:g} s. Watch the votes on the page.\n"
        )
        status = compare(stack, options.duration, report) or poll_status
        if options.once:
            return status
        say(f"\nreport    {report}/report.html")
        say(f"page      {stack.entry.url}/")
        say("Press Ctrl-C to stop everything; votes are kept.")
        stack.watch()
    return status


def compare(stack: Stack, duration_seconds: float, report: Path) -> int:
    """Run the load test's comparison against the stack and return its exit status."""
    process = Process(
        comparison_command(stack, duration_seconds, report),
        log=None,
        environment=python_environment(),
    )
    try:
        while (status := process.status) is None:
            stack.check_running()
            time.sleep(_POLL_SECONDS)
    finally:
        process.stop(_GRACE_SECONDS)
    return status


def comparison_command(stack: Stack, duration_seconds: float, report: Path) -> list[str]:
    """Return the command line of the comparison: its Bazel target, or its module without Bazel."""
    binary = ROOT / "loadtest" / "compare"
    program = [str(binary)] if binary.exists() else [sys.executable, "-m", "loadtest.compare"]
    options = {
        **comparison_options(stack),
        "--duration": f"{duration_seconds:g}",
        "--output": str(report),
    }
    return program + [part for pair in options.items() for part in pair]


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="demo",
        description="Run the voting system, a poll, and a comparison of the two routes under load.",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="stop after the report; exit status 0 if no vote was lost or counted twice, in the "
        "poll and in the comparison, and the split matches its configuration",
    )
    parser.add_argument(
        "--duration",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="how long each route is measured alone; the split takes half as long (%(default)g)",
    )
    add_stack_options(parser)
    options = parser.parse_args()
    return run_stack_command(lambda: demo(options))


if __name__ == "__main__":
    sys.exit(main())
