"""Types of values on the command line; a wrong value raises `ArgumentTypeError`."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from loadtest.model.candidate import Candidate
from loadtest.model.phase import MAX_RATE
from loadtest.model.report import READABLE, Report, from_json
from voting.domain.vote import SLUG_RULE, Route, is_slug

_FEWEST_CANDIDATES: Final = 2
_FEWEST_RATES: Final = 2
_LOWEST_RATE: Final = 0.1


def between(low: float, high: float) -> Callable[[str], float]:
    """Return the type of numbers from `low` to `high`."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be a number from {low:g} to {high:g}")
        return value

    return number


def whole_number(high: int) -> Callable[[str], int]:
    """Return the type of whole numbers from 1 to `high`."""

    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {high}")
        return int(text)

    return number


def url(text: str) -> str:
    """Return an HTTP URL unchanged."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise argparse.ArgumentTypeError("must be a URL such as http://127.0.0.1:8080")
    return text


def slug(text: str) -> str:
    """Return the id of a poll unchanged."""
    if not is_slug(text):
        raise argparse.ArgumentTypeError(SLUG_RULE)
    return text


def candidates(text: str) -> tuple[Candidate, ...]:
    """Return the candidates in a text such as `grpc,http`, in the order of their turns."""
    names = [name.strip().lower() for name in text.split(",")]
    found = tuple(one for one in Candidate if one in names)
    if len(found) < _FEWEST_CANDIDATES or len(found) != len(names):
        known = ", ".join(Candidate)
        raise argparse.ArgumentTypeError(f"must be two or three of {known}, separated by commas")
    return found


def rates(text: str) -> tuple[float, ...]:
    """Return the rates in a text such as `100,400,2000`, in ascending order."""
    try:
        found = tuple(sorted({float(rate) for rate in text.split(",")}))
    except ValueError:
        found = ()
    if len(found) < _FEWEST_RATES or not all(_LOWEST_RATE <= rate <= MAX_RATE for rate in found):
        raise argparse.ArgumentTypeError(
            f"must be two or more different rates from {_LOWEST_RATE:g} to {MAX_RATE:g}, separated"
            " by commas"
        )
    return found


def weights(text: str) -> dict[Route, float]:
    """Return the weights in a text such as `50:50`, the gRPC route's first."""
    try:
        grpc, http = (float(weight) for weight in text.split(":"))
    except ValueError:
        grpc = http = 0.0
    if not (grpc > 0 and http > 0):
        raise argparse.ArgumentTypeError("must be two positive numbers such as 50:50")
    return {Route.GRPC: grpc, Route.HTTP: http}


def folder(text: str) -> Path:
    """Return a folder; a relative one is relative to the user's working directory."""
    # `bazel run` starts programs in another folder; the variable names the user's.
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), text).absolute()


def earlier_report(text: str) -> Report:
    """Return the report that a report.json contains."""
    try:
        return from_json(folder(text).read_bytes())
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot be read: {error}") from error
    except msgspec.DecodeError as error:
        versions = " or ".join(map(str, READABLE))
        reason = f"is not a report.json of version {versions}: {error}"
        raise argparse.ArgumentTypeError(reason) from error
