"""Voters' tokens on the command line: `./bazelw run //svc_polls:voters -- --help`."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Final

from svc_polls.handouts.new_files import csv_texts
from svc_polls.handouts.options import (
    DONE,
    STEP,
    WRONG,
    Progress,
    WrongError,
    end_cleanly_on_signals,
    fail,
    keys_of,
    new_parser,
    number,
    page_url,
    write_files,
)
from svc_polls.handouts.tokens import TOKENS_MAX, rows, tokens
from voting.voters.rules import BATCH_MAX

_PROGRAM: Final = "voters"
_EPILOG: Final = """\
environment:
  VOTER_KEYS  the master keys, as the routes have them; `svc_polls voter-key` makes one

The file has a row for each token: number, token and, with --url, the link to hand out.
Only its owner may read it. A token is a secret like a ticket: whoever has it votes.

exit status: 0 done; 1 the file cannot be written; 2 a wrong option or VOTER_KEYS;
130 interrupted. The file is there only after 0.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a file of new tokens and return the exit status."""
    options = _parser().parse_args(arguments)
    end_cleanly_on_signals()
    try:
        keys = keys_of(options.key, options.scope)
    except WrongError as error:
        return fail(_PROGRAM, str(error), WRONG)
    made = tokens(
        keys.tag_key,
        options.scope,
        options.count,
        key_number=options.key,
        class_number=options.voter_class,
        batch=options.batch,
    )
    texts = csv_texts(rows(made, options.url), Progress(_PROGRAM, options.count, STEP))
    if status := write_files(_PROGRAM, {("-o", options.output): texts}):
        return status
    sys.stdout.write(
        f"{options.output}: {options.count:,} tokens of scope {options.scope}, key {options.key}\n"
    )
    return DONE


def _parser() -> ArgumentParser:
    parser = new_parser(
        _PROGRAM,
        "Make tokens for the voters of the polls of a scope, as a CSV file.",
        _EPILOG,
    )
    parser.add_argument(
        "--count",
        required=True,
        type=number(1, TOKENS_MAX),
        metavar="N",
        help=f"how many tokens, at most {TOKENS_MAX:,}",
    )
    parser.add_argument(
        "--batch",
        default=0,
        type=number(1, BATCH_MAX),
        metavar="NUMBER",
        help=f"a batch, 1 to {BATCH_MAX}, by which these tokens can be taken back together",
    )
    parser.add_argument(
        "--url", type=page_url, help="a page like https://HOST/p/POLL; adds a link with each token"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE.csv", help="the file; it must not exist"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
