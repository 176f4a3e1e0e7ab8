"""Voters' tokens on the command line: `./bazelw run //svc_polls:voters -- --help`."""

import os
import signal
import sys
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from svc_polls.token_batch.batch import TOKENS_MAX, rows, tokens, write_new_file
from voting.domain.vote import SLUG_RULE, is_slug
from voting.voters.keys import (
    KEY_NUMBER_MAX,
    InvalidKeysError,
    NoKeyError,
    ScopeKeys,
    read_keys,
)

_DONE, _NOT_WRITTEN, _WRONG, _INTERRUPTED = 0, 1, 2, 130
_SETTING: Final = "VOTER_KEYS"
_STEP: Final = 100_000
_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}

_EPILOG: Final = """\
environment:
  VOTER_KEYS  the master keys, as the routes have them; `svc_polls voter-key` makes one

The file has a row for each token: number, token and, with --url, the link to hand out.
Only its owner may read it. A token is a secret like a ticket: whoever has it votes.

exit status: 0 done; 1 the file cannot be written; 2 a wrong option or VOTER_KEYS;
130 interrupted. The file is there only after 0.
"""


class WrongError(Exception):
    """The keys cannot be used; the text says why and shows none of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a file of new tokens and return the exit status."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        keys = _scope_keys(options)
        made = tokens(keys.tag_key, options.scope, options.key, options.count)
        write_new_file(_path(options.output), rows(made, options.url), _Progress(options.count))
    except WrongError as error:
        return _fail(str(error), _WRONG)
    except OSError as error:
        return _fail(f"-o {options.output}: {error.strerror}", _NOT_WRITTEN)
    except KeyboardInterrupt:
        return _fail("interrupted; there is no file", _INTERRUPTED)
    sys.stdout.write(
        f"{options.output}: {options.count:,} tokens of scope {options.scope}, key {options.key}\n"
    )
    return _DONE


class _Progress:
    """Says on standard error how many tokens there are, when there are many."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._next = _STEP

    def __call__(self, written: int) -> None:
        if written >= self._next:
            sys.stderr.write(f"voters: {self._next:,} of {self._count:,}\n")
            self._next += _STEP


def _scope_keys(options: Namespace) -> ScopeKeys:
    text = os.environ.get(_SETTING, "")
    if not text.strip():
        raise WrongError(f"set {_SETTING} to the master keys that the routes have")
    try:
        return read_keys(text).scope_keys(options.key, options.scope)
    except InvalidKeysError as error:
        raise WrongError(f"{_SETTING}: {error}") from error
    except NoKeyError as error:
        raise WrongError(f"--key {options.key}: {_SETTING} has no key {options.key}") from error


def _path(text: str) -> Path:
    """Return a path; a relative one is relative to where the user is, also in `bazel run`."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="voters",
        description="Make tokens for the voters of the polls of a scope, as a CSV file.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scope", required=True, type=_scope, help="voters.scope of the polls they are for"
    )
    parser.add_argument(
        "--count",
        required=True,
        type=_number_up_to(TOKENS_MAX),
        metavar="N",
        help=f"how many tokens, at most {TOKENS_MAX:,}",
    )
    parser.add_argument(
        "--key",
        default=1,
        type=_number_up_to(KEY_NUMBER_MAX),
        metavar="NUMBER",
        help="voters.key of the polls (%(default)s)",
    )
    parser.add_argument(
        "--url", type=_url, help="a page like https://HOST/p/POLL; adds a link with each token"
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE.csv", help="the file; it must not exist"
    )
    return parser


def _scope(text: str) -> str:
    if not is_slug(text):
        raise ArgumentTypeError(f"{text!a}: {SLUG_RULE}")
    return text


def _number_up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise ArgumentTypeError(f"{text!a} must be a whole number from 1 to {most:,}")
        return int(text)

    return number


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        raise ArgumentTypeError(f"{text!a} is not a URL") from error
    is_plain = text.isascii() and text.isprintable() and " " not in text
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _THIS_MACHINE)
    if not (is_plain and host and is_safe) or "#" in text or "@" in parts.netloc:
        raise ArgumentTypeError(f"{text!a} must be like https://HOST/p/POLL, without #")
    return text


def _fail(reason: str, status: int) -> int:
    sys.stderr.write(f"voters: {reason}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
