"""W3C Trace Context, version 00: the `traceparent` that goes with a sampled vote."""

import re
from typing import Final

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAMPLED: Final = frozenset("13579bdf")  # the lowest bit of the flags


def read_traceparent(header: str | None) -> str | None:
    """Return a `traceparent` header that is valid, else None."""
    return header if header and _TRACEPARENT.fullmatch(header) else None


def if_sampled(traceparent: str | None) -> str | None:
    """Return a valid traceparent if its trace is recorded, else None."""
    return traceparent if traceparent and traceparent[-1] in _SAMPLED else None


def trace_id_of(traceparent: str) -> str:
    """Return the trace's id, 32 hexadecimal digits."""
    return traceparent[3:35]


def span_id_of(traceparent: str) -> str:
    """Return the span's id, 16 hexadecimal digits."""
    return traceparent[36:52]
