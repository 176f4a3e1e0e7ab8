import pytest

from svc_consumer.ledger.records import Rejection, read_records, read_vote
from svc_consumer.testing.fakes import PARTITION, PARTITIONS, FakeRecord, a_vote, record_of
from voting.domain.codec import encode_vote
from voting.domain.vote import InvalidVoteError, new_vote_id

VOTE = a_vote()
KEY = VOTE.id.encode()


def test_a_vote_is_read() -> None:
    assert read_vote(KEY, encode_vote(VOTE), PARTITION, PARTITIONS) == VOTE


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        (KEY, None, "value"),
        (KEY, b"\xff\xff", "value"),
        (KEY, b"", "route"),
        (KEY, encode_vote(a_vote(VOTE.id, rank=0)), "rank"),
        (KEY, encode_vote(a_vote(VOTE.id, album=" Jazz")), "album"),
        (KEY, encode_vote(a_vote(VOTE.id, cast_at_ms=253_402_300_800_000)), "cast_at_ms"),
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
    stray = a_vote(new_vote_id(PARTITION + 1))
    with pytest.raises(InvalidVoteError, match=f"partition: must be {PARTITION + 1}"):
        read_vote(stray.id.encode(), encode_vote(stray), PARTITION, PARTITIONS)


def test_the_rest_of_a_batch_is_read_despite_a_record_that_is_not_a_vote() -> None:
    garbage = FakeRecord(1, b"x", b"\xff")
    contents = read_records(
        [record_of(VOTE, 0), garbage, record_of(a_vote(), 2)], PARTITION, PARTITIONS
    )
    assert [copy.offset for copy in contents.copies] == [0, 2]
    assert contents.rejections == [
        Rejection(garbage, "value: is not a valid votes.v1.Vote message")
    ]
