"""The opaque cursor that pages through the vote log."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

from voting.domain.bounded_number import read_number
from voting.domain.vote import CAST_AT_MAX_MS, clean_id
from voting.stores.logged_vote import Cursor, LoggedVote

# Longer than any cursor of ours; a longer text is not decoded.
CURSOR_CHARACTERS_MAX: Final = 100


def encode_cursor(cursor: Cursor) -> str:
    """Return the cursor as text for a URL."""
    cast_at_ms, vote_id = cursor
    return urlsafe_b64encode(f"{cast_at_ms}:{vote_id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Return the cursor in `text`; raise `ValueError` if it holds none."""
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise ValueError("too long for a cursor")
    plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    cast_at_ms, _, vote_id = plain.partition(":")
    return read_number(cast_at_ms, 0, CAST_AT_MAX_MS), clean_id(vote_id)


def cursor_after(votes: Sequence[LoggedVote], limit: int) -> str | None:
    """Return the cursor after a page of votes; None if the page is not full and so the last."""
    return encode_cursor(votes[-1].cursor) if len(votes) == limit else None
