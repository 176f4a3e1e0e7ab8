"""A vote's id in a shorter form, for paper: 26 digits that can be typed."""

from typing import Final
from uuid import UUID

from voting.domain.crockford import DIGITS, read_digits

_LENGTH: Final = 26
_GROUP: Final = 5
_ID_BITS: Final = 128


def short_id(vote_id: str) -> str:
    """Return the short form of an id, in groups of five and one of six."""
    number = UUID(vote_id).int
    digits = "".join(DIGITS[number >> 5 * at & 31] for at in reversed(range(_LENGTH)))
    starts = range(0, _LENGTH - _GROUP - 1, _GROUP)
    return "-".join([*(digits[at : at + _GROUP] for at in starts), digits[-_GROUP - 1 :]])


def read_short_id(text: str) -> str | None:
    """Return the id of a short form, however it was typed; None if it is none."""
    number = read_digits(text, _LENGTH)
    return None if number is None or number >> _ID_BITS else str(UUID(int=number))
