"""Times as people and other programs write them: RFC 3339, by us in UTC with milliseconds."""

import re
from datetime import UTC, datetime
from typing import Final

# Fixed widths, so that a text of any length is refused at once.
_TEXT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
TIME_RULE: Final = "must be a time like 2026-12-31T20:00:00.000Z"


def to_rfc3339(time_ms: int) -> str:
    """Return a Unix time in milliseconds as text, like 2026-12-31T20:00:00.000Z."""
    time = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def to_rfc3339_or_none(time_ms: int | None) -> str | None:
    """Return a time as `to_rfc3339` does; None where there is none."""
    return None if time_ms is None else to_rfc3339(time_ms)


def from_rfc3339(text: str) -> int:
    """Return the Unix time in milliseconds of an RFC 3339 text in UTC or with an offset.

    Raises `ValueError` with the rule, also for a time that is finer than a millisecond or lies
    before 1970.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(TIME_RULE)
    fraction = (found[1] or "").ljust(9, "0")
    if fraction[3:].strip("0"):
        raise ValueError("must have milliseconds at most")
    try:
        seconds = datetime.fromisoformat(text.upper()).replace(microsecond=0).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(TIME_RULE) from error
    if seconds < 0:
        raise ValueError(TIME_RULE)
    return int(seconds) * 1000 + int(fraction[:3])
