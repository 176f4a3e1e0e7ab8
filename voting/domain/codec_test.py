import pytest
from votes.v1 import votes_pb2

from voting.domain.codec import decode_vote, encode_vote
from voting.domain.vote import InvalidVoteError
from voting.testing.examples import VOTE


def test_a_vote_survives_encoding() -> None:
    assert decode_vote(encode_vote(VOTE)) == VOTE


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
