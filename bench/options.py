"""The command line."""

import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from bench.cases.run import GROUPS


def parser() -> ArgumentParser:
    """Return the command line of //bench."""
    names = {name: what for group in GROUPS for name, what in group.names.items()}
    cases = "\n".join(f"  {name:18} {what}" for name, what in names.items())
    found = ArgumentParser(
        prog="bench",
        formatter_class=RawDescriptionHelpFormatter,
        description="Measure the cost of a vote: the services' processor time (user and system)\n"
        "per accepted vote, and its ratio to an empty Sanic handler measured in turns with\n"
        "each case. Starts and stops everything itself, on free ports.",
        epilog=f"cases:\n{cases}\n\nAll cases together take about fourteen minutes by default.",
    )
    found.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CASE",
        help="measure only this case; * is a wildcard; can be repeated",
    )
    found.add_argument(
        "--seconds", type=positive, default=1.2, help="length of a turn (%(default)s)"
    )
    found.add_argument(
        "--rounds", type=at_least_one, default=6, help="turns of each case (%(default)s)"
    )
    found.add_argument(
        "--before",
        type=path,
        metavar="FOLDER",
        help="a checkout of an older version: each case takes turns with its services, and the "
        "table has the ratio to them. They run with this version's packages",
    )
    found.add_argument("--json", type=path, metavar="FILE", help="file to write the figures to")
    found.add_argument(
        "--markdown",
        type=path,
        metavar="FILE",
        help="file to write the table to, as Markdown; in an existing page it replaces what is "
        "between the lines <!-- bench --> and <!-- /bench -->",
    )
    return found


def positive(text: str) -> float:
    """Return a number above 0; raise ValueError when the text is not one."""
    if not (value := float(text)) > 0:
        raise ValueError(text)
    return value


def at_least_one(text: str) -> int:
    """Return a whole number from 1 on; raise ValueError when the text is not one."""
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value


def path(text: str) -> Path:
    """Return a path; a relative one is relative to the user's working directory."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)
