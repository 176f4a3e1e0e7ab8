from svc_consumer.ledger.records import Rejection, read_records
from svc_consumer.testing.fakes import PARTITION, PARTITIONS, FakeRecord, a_vote, record_of

VOTE = a_vote()


def test_the_rest_of_a_batch_is_read_despite_a_record_that_is_not_a_vote() -> None:
    garbage = FakeRecord(1, b"x", b"\xff")
    contents = read_records(
        [record_of(VOTE, 0), garbage, record_of(a_vote(), 2)], PARTITION, PARTITIONS
    )
    assert [copy.offset for copy in contents.copies] == [0, 2]
    assert contents.rejections == [
        Rejection(garbage, "value: is not a valid votes.v1.Vote message")
    ]
