import pytest
from votes.v1 import votes_pb2

from voting.domain.codec import decode_vote, encode_vote, read_vote
from voting.domain.vote import VOTER_CLASS_MAX, InvalidVoteError, new_vote_id, partition_of
from voting.testing.examples import VOTE, vote_with

PARTITIONS = 12
PARTITION = partition_of(VOTE.id, PARTITIONS)
KEY = VOTE.id.encode()


def test_a_vote_survives_encoding() -> None:
    assert decode_vote(encode_vote(VOTE)) == VOTE


@pytest.mark.parametrize("voter_class", [0, 1, VOTER_CLASS_MAX])
def test_a_vote_in_a_poll_survives_encoding(voter_class: int) -> None:
    vote = vote_with(poll="best", entry="moon", poll_event=7, voter_class=voter_class)
    assert decode_vote(encode_vote(vote)) == vote


def test_records_from_before_there_were_classes_are_of_class_0() -> None:
    vote = vote_with(poll="best", entry="moon", poll_event=7)
    assert b"\x58" not in encode_vote(vote)[-2:]  # the tag of field 11
    assert decode_vote(encode_vote(vote)).voter_class == 0


def test_a_class_beyond_the_last_is_not_a_vote() -> None:
    vote = vote_with(poll="best", entry="moon", poll_event=7, voter_class=VOTER_CLASS_MAX + 1)
    with pytest.raises(InvalidVoteError, match="voter_class: must be from 0 to 15"):
        decode_vote(encode_vote(vote))


def test_the_open_poll_has_no_classes() -> None:
    message = votes_pb2.Vote.FromString(encode_vote(VOTE))
    message.voter_class = 3
    assert decode_vote(message.SerializeToString()) == VOTE


@pytest.mark.parametrize("value", [b"\xff\xff", b"\x0a"])
def test_bytes_that_are_not_a_message_are_refused(value: bytes) -> None:
    with pytest.raises(InvalidVoteError, match="value"):
        decode_vote(value)


def test_an_empty_message_is_not_a_vote() -> None:
    with pytest.raises(InvalidVoteError, match="route"):
        decode_vote(b"")


def test_a_message_is_checked_like_any_vote() -> None:
    message = votes_pb2.Vote.FromString(encode_vote(VOTE))
    message.rank = 101
    with pytest.raises(InvalidVoteError, match="rank"):
        decode_vote(message.SerializeToString())


def test_a_vote_is_read() -> None:
    assert read_vote(KEY, encode_vote(VOTE), PARTITION, PARTITIONS) == VOTE


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        (KEY, None, "value"),
        (KEY, b"\xff\xff", "value"),
        (KEY, b"", "route"),
        (KEY, encode_vote(vote_with(rank=0)), "rank"),
        (KEY, encode_vote(vote_with(album=" Jazz")), "album"),
        (KEY, encode_vote(vote_with(cast_at_ms=253_402_300_800_000)), "cast_at_ms"),
        (None, encode_vote(VOTE), "key"),
        (new_vote_id(PARTITION).encode(), encode_vote(VOTE), "key"),
        (KEY.upper(), encode_vote(VOTE), "key"),
    ],
)
def test_a_record_that_is_not_a_vote_is_refused_with_the_field_at_fault(
    key: bytes | None, value: bytes | None, field: str
) -> None:
    with pytest.raises(InvalidVoteError) as caught:
        read_vote(key, value, PARTITION, PARTITIONS)
    assert caught.value.field == field


def test_a_vote_in_the_wrong_partition_for_its_id_is_refused() -> None:
    stray = vote_with(id=new_vote_id(PARTITION + 1))
    with pytest.raises(InvalidVoteError, match=f"partition: must be {PARTITION + 1}"):
        read_vote(stray.id.encode(), encode_vote(stray), PARTITION, PARTITIONS)
