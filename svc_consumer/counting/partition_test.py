import pytest

from svc_consumer.counting.partition import Partition
from svc_consumer.errors import LedgerReplacedError, StaleError
from svc_consumer.testing.fakes import PARTITION, PARTITIONS, FakeRecord
from voting.stores.errors import NO_POSITION


def partition_at(log_position: str, tally_position: str) -> Partition:
    return Partition(PARTITION, PARTITIONS, "owner", log_position, tally_position)


def records(start: int, keys: str) -> list[FakeRecord]:
    return [FakeRecord(start + i, key.encode(), b"") for i, key in enumerate(keys)]


def test_a_batch_that_continues_where_the_stores_ended_is_accepted() -> None:
    partition = partition_at("4:e", "2:c")
    assert partition.next_offset == 2
    partition.check_batch(records(2, "cdefg"))
    assert partition.confirmed


def test_a_partition_is_confirmed_only_after_the_records_at_both_positions_were_read() -> None:
    partition = partition_at("4:e", "2:c")
    partition.check_batch(records(2, "cd"))
    assert not partition.confirmed


def test_without_positions_there_is_nothing_to_confirm() -> None:
    assert partition_at(NO_POSITION, NO_POSITION).confirmed


@pytest.mark.parametrize("start", [1, 3])
def test_a_batch_that_begins_elsewhere_is_stale(start: int) -> None:
    with pytest.raises(StaleError):
        partition_at("4:e", "2:c").check_batch(records(start, "xyz"))


def test_a_gap_in_the_ledger_is_an_alarm() -> None:
    with pytest.raises(LedgerReplacedError, match="missing between offsets 0 and 2"):
        partition_at(NO_POSITION, NO_POSITION).check_batch([*records(0, "a"), *records(2, "c")])


@pytest.mark.parametrize(("keys", "at"), [("Cde", "2:c"), ("cdE", "4:e")])
def test_another_record_at_a_position_is_an_alarm(keys: str, at: str) -> None:
    with pytest.raises(LedgerReplacedError, match=f"the record at {at} is"):
        partition_at("4:e", "2:c").check_batch(records(2, keys))


def test_lag_is_the_distance_from_the_next_record_to_the_end() -> None:
    partition = partition_at("4:e", "2:c")
    partition.end_offset = 10
    assert partition.lag == 8
