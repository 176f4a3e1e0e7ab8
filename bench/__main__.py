"""Measures what a vote costs: `./bazelw run //bench` (--help lists its options)."""

import sys

from bench.command import bench
from bench.options import parser
from harness.processes.console import run_command


def main() -> int:
    """Run the command."""
    options = parser().parse_args()
    return run_command(lambda: bench(options))


if __name__ == "__main__":
    sys.exit(main())
