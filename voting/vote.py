"""What a vote is, and the rules it must keep. No I/O here."""

import os
import re
import time
import unicodedata
from array import array
from enum import StrEnum

import msgspec

TEXT_MAX = 200
YEAR_MIN, YEAR_MAX = 1900, 2100
RANK_MIN, RANK_MAX = 1, 100

# The largest prime below 2**16. An id's lane is its residue modulo this prime, modulo the number
# of lanes: the prime takes every bit of the id into account, whatever made the id, and it lets a
# service mint ids that fall into a lane of its choice, even without knowing how many there are.
RESIDUES = 65521

# Random numbers of 64 bits: one call of the system for many ids.
_random = array("Q")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Route(StrEnum):
    """The way a vote took into the system."""

    GRPC = "grpc"
    HTTP = "http"


class Vote(msgspec.Struct, frozen=True):
    """One person's rating of one album.

    `id` is a UUID in canonical lower-case form; a vote counts once per id. `cast_at_ms` is Unix
    time in milliseconds.
    """

    id: str
    name: str
    album: str
    year: int
    rank: int
    route: Route
    cast_at_ms: int


class InvalidVoteError(ValueError):
    """A vote breaks a rule: `field` names the field, `reason` says which rule."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def clean_text(field: str, text: str) -> str:
    """Return `text` trimmed and in Unicode NFC.

    Raises `InvalidVoteError` when nothing or too much is left, or a control character.
    """
    text = text.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not 1 <= len(text) <= TEXT_MAX:
        raise InvalidVoteError(field, f"must have 1 to {TEXT_MAX} characters after trimming")
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise InvalidVoteError(field, "must not contain control characters")
    return text


def clean_id(vote_id: str) -> str:
    """Return a UUID in canonical lower-case form, or raise `InvalidVoteError`."""
    vote_id = vote_id.lower()
    if not _UUID.fullmatch(vote_id):
        raise InvalidVoteError("id", "must be a UUID like 019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071")
    return vote_id


def check_range(field: str, value: int, low: int, high: int) -> int:
    """Return `value` when it lies in `low`..`high`, else raise `InvalidVoteError`."""
    if not low <= value <= high:
        raise InvalidVoteError(field, f"must be from {low} to {high}")
    return value


def check_vote(vote: Vote) -> Vote:
    """Return `vote` when it keeps every rule as it stands, else raise `InvalidVoteError`.

    For votes made elsewhere: a gRPC request, a record of the topic. Nothing is mended here, as
    the same bytes must mean the same vote to whoever reads them.
    """
    if not _UUID.fullmatch(vote.id):
        clean_id(vote.id)
        raise InvalidVoteError("id", "must be in lower case")
    for field, text in (("name", vote.name), ("album", vote.album)):
        if clean_text(field, text) != text:
            raise InvalidVoteError(field, "must be trimmed and in Unicode NFC")
    check_range("year", vote.year, YEAR_MIN, YEAR_MAX)
    check_range("rank", vote.rank, RANK_MIN, RANK_MAX)
    if vote.cast_at_ms < 0:
        raise InvalidVoteError("cast_at_ms", "must not be negative")
    return vote


def lane_of(vote_id: str, lanes: int) -> int:
    """Return the lane, 0 to `lanes` - 1, of a canonical id.

    The one partition function of the system: all copies of an id share a partition of the topic.
    """
    return int(vote_id.replace("-", ""), 16) % RESIDUES % lanes


def new_vote_id(residue: int) -> str:
    """Return a new UUIDv7 (RFC 9562) whose value modulo `RESIDUES` is `residue`.

    So `lane_of(new_vote_id(lane), lanes) == lane`, and ids that share a residue share a lane
    however many lanes there are.
    """
    if len(_random) < 2:
        _random.frombytes(os.urandom(4096))
    # Bits: 48 time, 4 version, 12 random, 2 variant, 62 random. One of the 62 stays clear at the
    # top and the addition below adds less than 2**16, so it never reaches the variant.
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | (_random.pop() >> 52) << 64
    value |= 0b10 << 62 | (_random.pop() & 0x1FFF_FFFF_FFFF_FFFF)
    value += (residue - value) % RESIDUES
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
