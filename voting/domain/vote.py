"""A vote and its rules. No I/O here.

New votes are checked where they arrive, by the rules for new votes (`clean_text`, `clean_new_id`,
`check_new_vote`). Records of the ledger are checked by `check_vote`, which never becomes stricter:
a vote that any version has acknowledged counts.
"""

import os
import re
import time
import unicodedata
import uuid
from array import array
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from voting.domain.visible_text import has_visible, is_plain, most_marks, without_invisible

TEXT_MAX = 200
YEAR_MIN, YEAR_MAX = 1900, 2100
RANK_MIN, RANK_MAX = 1, 100
# 9999-12-31: the last date that every reader can show and the vote log has digits for.
CAST_AT_MAX_MS: Final = 253_402_300_799_999
# Numbers of classes of voters; 0 where a poll has no classes.
VOTER_CLASS_MAX = 15
# Combining marks in a row: UTS #39, section 5.4.
MARKS_MAX = 4

# The largest prime below 2**16. An id's partition is its residue modulo this prime, modulo the
# number of partitions. So every bit of the id matters, whatever generated it, and a service can
# make ids that share a partition without knowing how many there are.
RESIDUES = 65521

# Random numbers of 64 bits: one system call serves many ids.
_random = array("Q")

# What polls and their entries are called.
SLUG_MAX = 64
SLUG_RULE = f"must be lower-case letters, digits and hyphens, at most {SLUG_MAX}"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Of a UUID's 17th digit the two upper bits are 10 (RFC 9562).
_VARIANTS = {digit: "89ab"[int(digit, 16) & 0b11] for digit in "0123456789abcdef"}
# The nil and the max UUID (RFC 9562), sent by programs that failed to generate one.
NO_IDS = frozenset(str(uuid.UUID(int=value)) for value in (0, 2**128 - 1))


class Route(StrEnum):
    """The route by which a vote entered the system."""

    GRPC = "grpc"
    HTTP = "http"


class VoteContent(msgspec.Struct, frozen=True):
    """What a person fills in: an album and its rating."""

    name: str
    album: str
    year: int
    rank: int


class Vote(VoteContent, frozen=True, kw_only=True):
    """One person's rating of one album.

    `id` is a UUID in canonical lower-case form; a vote counts once per id. `cast_at_ms` is Unix
    time in milliseconds. A vote in a poll names the poll and the entry by their ids, and the
    number of the event of the log of polls by which it was judged; in the open poll they are empty.
    `voter_class` is the number of its voter's class, 0 where a poll has none.
    """

    id: str
    route: Route
    cast_at_ms: int
    poll: str = ""
    entry: str = ""
    poll_event: int = 0
    voter_class: int = 0


CONTENT_FIELDS: Final = VoteContent.__struct_fields__
content_of: Final[Callable[[Any], tuple[Any, ...]]] = attrgetter(*CONTENT_FIELDS)
"""Return the content of a vote or of its protobuf message, in the order of `CONTENT_FIELDS`."""

TOO_MANY_ALBUMS = "urn:voting:problem:too-many-albums"


class InvalidVoteError(ValueError):
    """A vote breaks a rule: `field` names the field, `reason` states the rule.

    `kind` is the problem's type (RFC 9457) for a rule that clients may need to recognise; "" for
    most.
    """

    def __init__(self, field: str, reason: str, kind: str = "") -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.kind = kind


def clean_text(field: str, text: str) -> str:
    """Return the text of a new vote trimmed, in Unicode NFC, without invisible characters.

    Raises `InvalidVoteError` if nothing visible is left, or if it is too long or has a control
    character, a line break, or more than `MARKS_MAX` combining marks in a row.
    """
    text = text.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if not is_plain(text):
            return _clean_unusual(field, text)
    if text.isprintable() and 1 <= len(text) <= TEXT_MAX:
        return text  # as most are: a call less for each
    return _check_text(field, text)


def _clean_unusual(field: str, text: str) -> str:
    """Return the text without what nobody can see; errors as `clean_text`."""
    text = _check_text(field, unicodedata.normalize("NFC", without_invisible(text)).strip())
    if "\u2028" in text or "\u2029" in text:
        raise InvalidVoteError(field, "must not contain line breaks")
    if not has_visible(text):
        raise InvalidVoteError(field, "must have at least one visible character")
    if most_marks(text) > MARKS_MAX:
        raise InvalidVoteError(
            field, f"must not have more than {MARKS_MAX} combining marks in a row"
        )
    return text


def _check_text(field: str, text: str) -> str:
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


def arrival(vote: Vote, timestamp_ms: int) -> int:
    """Return when a vote arrived: the time of its record, else the time when it was cast.

    It is the same for every reader of the record. A topic with
    `message.timestamp.type=CreateTime` stores no time (-1) for records without one, like ours.
    """
    return timestamp_ms if 0 <= timestamp_ms <= CAST_AT_MAX_MS else vote.cast_at_ms


def clean_new_id(vote_id: str) -> str:
    """Return a new vote's UUID like `clean_id`, but refuse the nil and the max UUID."""
    return _check_new_id(clean_id(vote_id))


def _check_new_id(vote_id: str) -> str:
    if vote_id in NO_IDS:
        raise InvalidVoteError("id", "must not be the nil or the max UUID")
    return vote_id


def check_range(field: str, value: int, low: int, high: int) -> int:
    """Return `value` if it is from `low` to `high`, else raise `InvalidVoteError`."""
    if not low <= value <= high:
        raise InvalidVoteError(field, f"must be from {low} to {high}")
    return value


def check_vote(vote: Vote) -> Vote:
    """Return `vote` if it keeps every rule of the ledger, else raise `InvalidVoteError`.

    For records of the topic. Nothing is corrected, as the same bytes must mean the same vote to
    every reader. No rule may ever be added: the record may have been acknowledged.
    """
    _check_id(vote.id)
    for field, text in (("name", vote.name), ("album", vote.album)):
        trimmed = text.strip()
        if not trimmed.isascii():
            trimmed = unicodedata.normalize("NFC", trimmed)
        if _check_text(field, trimmed) != text:
            raise InvalidVoteError(field, "must be trimmed and in Unicode NFC")
    return _check_numbers(vote)


def check_new_vote(vote: Vote) -> Vote:
    """Return `vote` if it keeps every rule for new votes, else raise `InvalidVoteError`.

    For votes from other programs, which are not corrected: they become records unchanged. The name
    and album of a vote in a poll must be those of its entry; `KnownPolls.check` compares them.
    """
    _check_new_id(_check_id(vote.id))
    if not vote.poll:
        _check_clean("name", vote.name)
        _check_clean("album", vote.album)
    return _check_numbers(vote)


def _check_clean(field: str, text: str) -> None:
    if clean_text(field, text) != text:
        raise InvalidVoteError(
            field, "must be trimmed, in Unicode NFC and free of invisible characters"
        )


def _check_id(vote_id: str) -> str:
    if not _UUID.fullmatch(vote_id):
        clean_id(vote_id)
        raise InvalidVoteError("id", "must be lower-case")
    return vote_id


def _check_numbers(vote: Vote) -> Vote:
    check_range("year", vote.year, YEAR_MIN, YEAR_MAX)
    check_range("rank", vote.rank, RANK_MIN, RANK_MAX)
    if vote.cast_at_ms < 0:
        raise InvalidVoteError("cast_at_ms", "must not be negative")
    if vote.poll or vote.entry or vote.poll_event or vote.voter_class:
        _check_poll(vote)
    return vote


def _check_poll(vote: Vote) -> None:
    for field, slug in (("poll", vote.poll), ("entry", vote.entry)):
        if not is_slug(slug):
            raise InvalidVoteError(field, SLUG_RULE)
    if vote.poll_event < 1:
        raise InvalidVoteError("poll_event", "must be positive in a poll")
    check_range("voter_class", vote.voter_class, 0, VOTER_CLASS_MAX)


@lru_cache(maxsize=4096)  # few polls and entries, in many votes
def is_slug(text: str) -> bool:
    """Whether a text can be the id of a poll or of an entry."""
    return len(text) <= SLUG_MAX and _has_slug_form(text)


@lru_cache(maxsize=4096)  # the same few in every vote
def _has_slug_form(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def partition_of(vote_id: str, partitions: int) -> int:
    """Return the partition, 0 to `partitions` - 1, of a canonical id.

    The system's only partition function: all copies of an id share a partition of the topic.
    """
    return int(vote_id.replace("-", ""), 16) % RESIDUES % partitions


def new_vote_id(residue: int) -> str:
    """Return a new UUIDv7 (RFC 9562) whose value modulo `RESIDUES` is `residue`.

    So `partition_of(new_vote_id(partition), partitions) == partition`, and ids that share a residue
    share a partition, however many partitions there are.
    """
    if len(_random) < 2:
        _random.frombytes(os.urandom(4096))
    # Bits: 48 time, 4 version, 12 random, 2 variant, 62 random. One of the 62 stays clear at the
    # top and the addition below adds less than 2**16, so it never reaches the variant.
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | (_random.pop() >> 52) << 64
    value |= 0b10 << 62 | (_random.pop() & 0x1FFF_FFFF_FFFF_FFFF)
    value += (residue - value) % RESIDUES
    return _uuid_text(value)


def uuid8(digest: bytes) -> str:
    """Return 16 bytes as a UUIDv8 (RFC 9562) in canonical form: six of the bits are replaced."""
    digits = digest.hex()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _uuid_text(value: int) -> str:
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
