"""The opaque cursor that pages through the vote log."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from voting.logged_vote import CAST_AT_MAX_MS, Cursor, LoggedVote
from voting.vote import clean_id


def encode_cursor(cursor: Cursor) -> str:
    """Return the cursor as text for a URL."""
    cast_at_ms, vote_id = cursor
    return urlsafe_b64encode(f"{cast_at_ms}:{vote_id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Return the cursor in `text`; raise `ValueError` when there is none."""
    plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    cast_at_ms, _, vote_id = plain.partition(":")
    moment = int(cast_at_ms)
    if not 0 <= moment <= CAST_AT_MAX_MS:
        raise ValueError("the moment is out of range")
    return moment, clean_id(vote_id)


def cursor_after(votes: Sequence[LoggedVote], limit: int) -> str | None:
    """Return the cursor behind a page of votes; nothing when the page is not full, so the last."""
    return encode_cursor(votes[-1].cursor) if len(votes) == limit else None
