"""Exports a poll: `./bazelw run //svc_polls:export -- evidence POLL DIR`."""

import os
import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from typing import Final

from svc_polls.export.evidence import download
from svc_polls.export.files import ExportError, NewFolder
from svc_polls.export.rows import ExportedPoll, Row
from svc_polls.export.tables import BATCH_ROWS, FORMATS

_KEY_BYTES: Final = 32


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 1 if the export cannot be made."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "evidence":
            _evidence(options)
        else:
            _tables(options)
    except ExportError as error:
        _say(f"export: {error}")
        return 1
    return 0


def _evidence(options: Namespace) -> None:
    token = os.environ.get("POLLS_TOKEN", "")
    if not token:
        raise ExportError("set POLLS_TOKEN to your token")
    folder = NewFolder(_path(options.folder))
    download(options.server, token, options.poll, folder, _say)
    _say(f"written: {folder.path}; check it with verify-result")


def _tables(options: Namespace) -> None:
    # The key is forgotten: nobody can turn pseudonyms back into ids, or compare two exports.
    poll = ExportedPoll(_path(options.evidence), secrets.token_bytes(_KEY_BYTES))
    folder = NewFolder(_path(options.folder))
    rows = 0
    with ExitStack() as stack:
        writers = []
        for name in options.format or FORMATS:
            file_name, open_table = FORMATS[name]
            file = stack.enter_context(folder.open(file_name))
            writers.append(stack.enter_context(open_table(file)))
        for partition in range(poll.partitions):
            for batch in batched(poll.rows(partition), BATCH_ROWS, strict=False):
                for write in writers:
                    write(batch)
                rows += len(batch)
            _say(f"partition {partition} of {poll.partitions}: {rows:,} of {poll.votes:,} votes")
    if rows != poll.votes:
        raise ExportError(f"the evidence has {rows} votes and the result {poll.votes}")
    folder.finish({"poll": poll.poll, "kind": "tables", "rows": rows, "columns": Row._fields})
    _say(f"written: {folder.path}")


def _path(text: str) -> Path:
    """Return a path; a relative one is relative to where the user is, also in `bazel run`."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="export",
        description="Export a poll: the evidence of its published result, for anybody to check, "
        "and tables of its votes, for analysts.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    evidence = commands.add_parser(
        "evidence",
        help="download what verify-result checks; POLLS_TOKEN has your token (releaser)",
    )
    evidence.add_argument("poll", metavar="POLL")
    evidence.add_argument("folder", metavar="DIR", help="a new folder")
    evidence.add_argument(
        "--server",
        default=os.environ.get("POLLS_SERVER", "http://127.0.0.1:8006"),
        metavar="URL",
        help="svc_polls (%(default)s)",
    )
    tables = commands.add_parser("tables", help="make tables of the votes that count, offline")
    tables.add_argument("evidence", metavar="EVIDENCE", help="the folder with the evidence")
    tables.add_argument("folder", metavar="DIR", help="a new folder")
    tables.add_argument(
        "--format", action="append", choices=list(FORMATS), help="may be given twice; all if not"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
