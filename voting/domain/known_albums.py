"""The albums that may still be voted on once their number has reached the limit. No I/O here.

The list has hashes of 8 bytes, not names. The chance that a new album shares a hash with one of
100,000 on the list is about 1 in 10^14; its votes would be accepted and count for that album.
"""

import sys
from array import array
from collections.abc import Set
from hashlib import blake2b
from typing import Final, NamedTuple

from prometheus_client import Gauge

from voting.domain.tally import album_key
from voting.domain.vote import TOO_MANY_ALBUMS, InvalidVoteError, Vote

LIST_MAX: Final = 125_000
"""The most albums on a list: it is one record, for which Kafka allows 1 MiB."""

_CLOSED, _OPEN = b"\x01", b"\x00"
_BYTES: Final = 8

LISTED: Final = Gauge(
    "votes_listed_albums",
    "Albums that votes may name once the album limit is reached; 0 means any album.",
)


class AlbumList(NamedTuple):
    """The albums found in the tally, by `album_hash`; if `closed`, no others may be voted on."""

    hashes: frozenset[int] = frozenset()
    closed: bool = False


def album_hash(key: bytes) -> int:
    """Return the hash of an album, given by its `voting.domain.tally.album_key`."""
    return int.from_bytes(blake2b(key, digest_size=_BYTES).digest(), "big")


def encode_list(albums: AlbumList) -> bytes:
    """Return a list as a record's value: a byte for `closed`, then the hashes in order."""
    numbers = array("Q", sorted(albums.hashes))
    if sys.byteorder == "little":
        numbers.byteswap()
    return (_CLOSED if albums.closed else _OPEN) + numbers.tobytes()


def decode_list(value: bytes | None) -> AlbumList:
    """Return the list in a record's value; raise `ValueError` if it is not a list."""
    if not value or value[:1] not in {_CLOSED, _OPEN} or len(value) % _BYTES != 1:
        raise ValueError("not an album list")
    numbers = array("Q", value[1:])
    if sys.byteorder == "little":
        numbers.byteswap()
    return AlbumList(frozenset(numbers), value[:1] == _CLOSED)


def grown(albums: AlbumList, found: Set[int]) -> AlbumList:
    """Return a closed list with `found` added, up to `LIST_MAX`; nothing is removed."""
    room = LIST_MAX - len(albums.hashes)
    new = sorted(found - albums.hashes)[: max(0, room)]
    return AlbumList(albums.hashes.union(new), closed=True)


class KnownAlbums:
    """The latest list that a route has.

    `listed` is None while any album may be voted on, so that checking a vote costs nothing.
    """

    def __init__(self) -> None:
        self.albums = AlbumList()
        self.listed: frozenset[int] | None = None

    def take(self, albums: AlbumList) -> None:
        """Replace the list."""
        self.albums = albums
        self.listed = albums.hashes if albums.closed else None
        LISTED.set(len(albums.hashes) if albums.closed else 0)

    def check(self, vote: Vote) -> None:
        """Raise `InvalidVoteError` if the list is closed and lacks the vote's album."""
        if self.listed is None:
            return
        if album_hash(album_key(vote.name, vote.album, vote.year)) not in self.listed:
            raise InvalidVoteError(
                "album",
                "is not on the list of albums, and the list is full",
                TOO_MANY_ALBUMS,
            )
