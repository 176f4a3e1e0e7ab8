"""Voters' codes on the command line: `./bazelw run //svc_polls:codes -- --help`."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from svc_polls.handouts.new_files import Row, csv_texts
from svc_polls.handouts.options import (
    DONE,
    SHEET_STEP,
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
from svc_polls.handouts.sheets import LANGUAGES, SHEET_CODES_MAX, URL_MAX, Sheets
from voting.voters.codes import CODE_BATCH_MAX, SERIAL_MAX, make_code

CODES_MAX: Final = 1_000_000

_PROGRAM: Final = "codes"
_TITLE_MAX: Final = 60
_EPILOG: Final = f"""\
environment:
  VOTER_KEYS  the master keys, as svc_voters has them; `svc_polls voter-key` makes one

A code depends on scope, key, class, batch and its number only: the same options give the same
codes again, also when a file was lost. So give each group of people a batch of its own: a batch
can be taken back as a whole.

The CSV file has a row for each code: number, code and, with --url, the link to hand out.
The sheets are A4, for a browser to print without margins, with a QR code of each link: at most
{SHEET_CODES_MAX:,} in a file, which a browser needs about 1 GB of memory to print. Continue in
another file with --first.
Only their owner may read the files. A code is a secret like a ticket: whoever has it votes.

exit status: 0 done; 1 a file cannot be written; 2 a wrong option or VOTER_KEYS;
130 interrupted. The files are there only after 0.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the codes of a batch as a CSV file, as sheets or as both; return the exit status."""
    options = _parser().parse_args(arguments)
    end_cleanly_on_signals()
    try:
        _check(options)
        code_key = keys_of(options.key, options.scope).code_key
    except WrongError as error:
        return fail(_PROGRAM, str(error), WRONG)
    outputs = {}
    if options.output:
        rows = _rows(_codes(code_key, options), options.url)
        outputs["-o", options.output] = csv_texts(rows, Progress(_PROGRAM, options.count, STEP))
    if options.sheets:
        sheets = Sheets(
            url=options.url,
            title=options.title or options.scope,
            language=options.language,
            note=_note(options),
        )
        outputs["--sheets", options.sheets] = sheets.html(
            _codes(code_key, options),
            options.count,
            Progress("codes: sheets", options.count, SHEET_STEP),
        )
    if status := write_files(_PROGRAM, outputs):
        return status
    files = " and ".join(file for _, file in outputs)
    sys.stdout.write(f"{files}: {options.count:,} codes of {_note(options)}\n")
    return DONE


def _check(options: Namespace) -> None:
    """Raise `WrongError` for options that do not go together."""
    if not (options.output or options.sheets):
        raise WrongError("give -o FILE.csv or --sheets FILE.html, or both")
    if options.output == options.sheets:
        raise WrongError("-o and --sheets name the same file")
    last = options.first + options.count - 1
    if last > SERIAL_MAX:
        raise WrongError(f"--count: a batch has no code {last:,}, the last one is {SERIAL_MAX:,}")
    if not options.sheets:
        return
    if not options.url:
        raise WrongError("--sheets needs --url, to which the QR codes lead")
    if len(options.url) > URL_MAX:
        raise WrongError(f"--url: there is room for {URL_MAX} characters on the sheets")
    if options.count > SHEET_CODES_MAX:
        raise WrongError(
            f"--sheets: a file has at most {SHEET_CODES_MAX:,} codes, for a browser to print it; "
            f"make several, with --first and --count"
        )


def _codes(code_key: bytes, options: Namespace) -> Iterator[tuple[int, str]]:
    """Yield the serial and the code of each."""
    for serial in range(options.first, options.first + options.count):
        yield (
            serial,
            make_code(
                code_key, voter_class=options.voter_class, batch=options.batch, serial=serial
            ),
        )


def _rows(codes: Iterable[tuple[int, str]], url: str | None) -> Iterator[Row]:
    yield ("number", "code") if url is None else ("number", "code", "link")
    for one in codes:
        yield one if url is None else (*one, f"{url}#code={one[1]}")


def _note(options: Namespace) -> str:
    return (
        f"scope {options.scope}, key {options.key}, class {options.voter_class}, "
        f"batch {options.batch}"
    )


def _parser() -> ArgumentParser:
    parser = new_parser(
        _PROGRAM,
        "Make a batch of codes for the voters of the polls of a scope, as a CSV file or as sheets\n"
        "of QR codes to print.",
        _EPILOG,
    )
    parser.add_argument(
        "--batch",
        required=True,
        type=number(1, CODE_BATCH_MAX),
        metavar="NUMBER",
        help=f"the batch, 1 to {CODE_BATCH_MAX}",
    )
    parser.add_argument(
        "--count",
        required=True,
        type=number(1, CODES_MAX),
        metavar="N",
        help=f"how many codes, at most {CODES_MAX:,}",
    )
    parser.add_argument(
        "--first",
        default=1,
        type=number(1, SERIAL_MAX),
        metavar="NUMBER",
        help="the number of the first code in the batch (%(default)s)",
    )
    parser.add_argument(
        "--url",
        type=page_url,
        help="a page like https://HOST/p/POLL; adds a link with each code",
    )
    parser.add_argument("-o", "--output", metavar="FILE.csv", help="a file that does not exist yet")
    parser.add_argument("--sheets", metavar="FILE.html", help="a file that does not exist yet")
    parser.add_argument(
        "--title", type=_title, help="what the sheets say above each code (the scope)"
    )
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        default="en",
        help="the language of the sheets (%(default)s)",
    )
    return parser


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not (1 <= len(title) <= _TITLE_MAX and title.isprintable()):
        raise ArgumentTypeError(f"{text!a} must have 1 to {_TITLE_MAX} characters to print")
    return title


if __name__ == "__main__":
    sys.exit(main())
