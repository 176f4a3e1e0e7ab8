import random

import pytest

from voting.domain.known_albums import (
    LIST_MAX,
    AlbumList,
    KnownAlbums,
    album_hash,
    decode_list,
    encode_list,
    grown,
)
from voting.domain.tally import album_key
from voting.domain.vote import TOO_MANY_ALBUMS, InvalidVoteError, Vote
from voting.testing.examples import VOTE, vote_with

KAFKA_BYTES = 1024 * 1024  # the default of max.message.bytes


def hash_of(vote: Vote) -> int:
    return album_hash(album_key(vote.name, vote.album, vote.year))


def hashes(count: int) -> frozenset[int]:
    chance = random.Random(count)
    return frozenset(chance.getrandbits(64) for _ in range(count))


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_a_list_survives_encoding(count: int, closed: bool) -> None:
    albums = AlbumList(hashes(count), closed)
    assert decode_list(encode_list(albums)) == albums


def test_the_encoding_is_the_same_on_every_machine() -> None:
    assert encode_list(AlbumList(frozenset([258, 1]), closed=True)).hex() == (
        "01" + "0000000000000001" + "0000000000000102"
    )
    assert album_hash(album_key("Queen", "Jazz", 1978)) == 0x89C9F4BD397FD7C5


@pytest.mark.parametrize("value", [None, b"", b"\x02", b"\x01\x00", b"\x01" + b"\x00" * 9])
def test_a_value_that_is_not_a_list_is_an_error(value: bytes | None) -> None:
    with pytest.raises(ValueError, match="not an album list"):
        decode_list(value)


def test_a_list_takes_80_kb_by_default_and_the_longest_fits_into_a_record() -> None:
    assert len(encode_list(AlbumList(hashes(10_000), closed=True))) == 80_001
    assert len(encode_list(AlbumList(hashes(LIST_MAX), closed=True))) < KAFKA_BYTES - 10_000


def test_a_list_grows_without_losing_albums() -> None:
    before = AlbumList(frozenset([1, 2, 3]))
    assert grown(before, {3, 4}) == AlbumList(frozenset([1, 2, 3, 4]), closed=True)


def test_a_list_does_not_grow_beyond_the_maximum() -> None:
    before = AlbumList(hashes(LIST_MAX - 1), closed=True)
    after = grown(before, hashes(100))
    assert len(after.hashes) == LIST_MAX
    assert before.hashes < after.hashes


def test_any_album_is_accepted_until_the_list_is_closed() -> None:
    known = KnownAlbums()
    known.check(VOTE)
    known.take(AlbumList(frozenset([1])))
    known.check(VOTE)
    assert known.listed is None


@pytest.mark.parametrize("other", [{"name": "Other"}, {"album": "Other"}, {"year": 1901}])
def test_a_closed_list_accepts_its_albums_and_no_others(other: dict[str, object]) -> None:
    known = KnownAlbums()
    known.take(AlbumList(frozenset([hash_of(VOTE)]), closed=True))
    known.check(VOTE)
    known.check(vote_with(rank=1))
    with pytest.raises(InvalidVoteError) as found:
        known.check(vote_with(**other))
    assert (found.value.field, found.value.kind) == ("album", TOO_MANY_ALBUMS)
