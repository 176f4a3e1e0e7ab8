"""Measures what a vote costs: `./bazelw run //bench` (with --help: what it can do)."""

import sys

from bench.command import bench
from bench.options import parser
from harness.processes.console import run_command


def main() -> int:
    """Read the command line and do it."""
    options = parser().parse_args()
    return run_command(lambda: bench(options))


if __name__ == "__main__":
    sys.exit(main())
