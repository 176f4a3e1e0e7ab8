"""Times as people and other programs write them: RFC 3339 in UTC, with milliseconds."""

from datetime import UTC, datetime


def to_rfc3339(time_ms: int) -> str:
    """Return a Unix time in milliseconds as text, like 2026-11-29T20:15:00.000Z."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def from_rfc3339(text: str) -> int:
    """Return the Unix time in milliseconds of a text with a time zone; raise `ValueError`."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("must have a time zone, like Z or +02:00")
    return round(moment.timestamp() * 1000)
