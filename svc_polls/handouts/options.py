"""What the command lines of this package share: options, keys, progress and ends."""

import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from svc_polls.handouts.new_files import write_new_files
from voting.domain.vote import SLUG_RULE, VOTER_CLASS_MAX, is_slug
from voting.voters.keys import (
    KEY_NUMBER_MAX,
    InvalidKeysError,
    NoKeyError,
    ScopeKeys,
    read_keys,
)

DONE, NOT_WRITTEN, WRONG, INTERRUPTED = 0, 1, 2, 130
SETTING: Final = "VOTER_KEYS"
STEP: Final = 100_000
SHEET_STEP: Final = 1_000
"""Progress is said each time that so many more are made."""
_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}


class WrongError(Exception):
    """Options or keys cannot be used; the text says why and shows no key."""


class Progress:
    """Says on standard error how many are made, when there are many."""

    def __init__(self, what: str, count: int, step: int) -> None:
        self._what = what
        self._count = count
        self._step = self._next = step

    def __call__(self, made: int) -> None:
        """Take note of how many are made."""
        if made >= self._next:
            sys.stderr.write(f"{self._what}: {self._next:,} of {self._count:,}\n")
            self._next += self._step


def new_parser(program: str, description: str, epilog: str) -> ArgumentParser:
    """Return a parser of the options that say which polls and voters something is made for."""
    parser = ArgumentParser(
        prog=program,
        description=description,
        epilog=epilog,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scope", required=True, type=_scope, help="voters.scope of the polls they are for"
    )
    parser.add_argument(
        "--key",
        default=1,
        type=number(1, KEY_NUMBER_MAX),
        metavar="NUMBER",
        help="voters.key of the polls (%(default)s)",
    )
    parser.add_argument(
        "--class",
        dest="voter_class",
        default=0,
        type=number(0, VOTER_CLASS_MAX),
        metavar="NUMBER",
        help="the number of the voters' class in the polls (%(default)s)",
    )
    return parser


def number(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an option that is a whole number between two."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ArgumentTypeError(f"{text!a} must be a whole number from {least} to {most:,}")
        return int(text)

    return read


def page_url(text: str) -> str:
    """Return the URL of a page, to which a secret can be added behind `#`."""
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


def end_cleanly_on_signals() -> None:
    """Let a signal to end do what Ctrl-C does, so that nothing half-made stays."""
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.default_int_handler)


def write_files(program: str, outputs: Mapping[tuple[str, str], Iterable[str]]) -> int:
    """Write new files, each named by its option and that option's text; return the exit status."""
    paths = {_path(text): f"{option} {text}" for option, text in outputs}
    try:
        write_new_files({_path(text): texts for (_, text), texts in outputs.items()})
    except OSError as error:
        file = paths.get(error.filename, error.filename)
        return fail(program, f"{file}: {error.strerror}", NOT_WRITTEN)
    except KeyboardInterrupt:
        return fail(program, "interrupted; there is no file", INTERRUPTED)
    return DONE


def keys_of(key: int, scope: str) -> ScopeKeys:
    """Return the keys of a scope, from the environment, or raise `WrongError`."""
    text = os.environ.get(SETTING, "")
    if not text.strip():
        raise WrongError(f"set {SETTING} to the master keys that the routes have")
    try:
        return read_keys(text).scope_keys(key, scope)
    except InvalidKeysError as error:
        raise WrongError(f"{SETTING}: {error}") from error
    except NoKeyError as error:
        raise WrongError(f"--key {key}: {SETTING} has no key {key}") from error


def fail(program: str, reason: str, status: int) -> int:
    """Say on standard error why there is no file, and return the status."""
    sys.stderr.write(f"{program}: {reason}\n")
    return status


def _path(text: str) -> Path:
    """Return a path; a relative one is relative to where the user is, also in `bazel run`."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)


def _scope(text: str) -> str:
    if not is_slug(text):
        raise ArgumentTypeError(f"{text!a}: {SLUG_RULE}")
    return text
