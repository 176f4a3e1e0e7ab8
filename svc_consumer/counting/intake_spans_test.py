from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.intake_spans import IntakeTraces, traceparent_in
from svc_consumer.counting.projector import Projector
from svc_consumer.testing.fakes import (
    PARTITION,
    PARTITIONS,
    FakeLog,
    FakeRecord,
    FakeRejected,
    FakeTally,
    a_vote,
    record_of,
)
from voting.testing.spans import PARENT, Recorded, below, is_below, recorded_spans

PROCESS, INSERT, UPDATE, COUNT = "process votes", "insert votes", "update votes", "EVALSHA tally"


class Trial:
    """A consumer that records traces, and its stores in memory."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.log, self.tally = FakeLog(), FakeTally()
        traces = IntakeTraces("votes", "svc_consumer")
        self.projector = Projector(self.log, self.tally, FakeRejected(), traces)

    async def take_in(self, *records: FakeRecord) -> Batch:
        partition = await self.projector.sync(PARTITION, PARTITIONS)
        partition.recheck()
        batch = Batch(partition, records)
        partition.next_offset = records[0].offset
        await self.projector.take_in([batch])
        return batch

    @property
    def outcomes(self) -> list[object]:
        """What became of each vote."""
        return [(span.attributes or {}).get("vote.outcome") for span in self.of(PROCESS)]

    def of(self, name: str) -> Sequence[ReadableSpan]:
        return self.recorded.named(name)


@pytest.fixture
def trial() -> Iterator[Trial]:
    with recorded_spans() as recorded:
        yield Trial(recorded)


def sampled(record: FakeRecord, parent: str = PARENT) -> FakeRecord:
    return record._replace(headers=[("content-type", b""), ("traceparent", parent.encode())])


async def test_a_counted_vote_has_a_span_for_each_write(trial: Trial) -> None:
    await trial.take_in(sampled(record_of(a_vote(), 0)), record_of(a_vote(), 1))
    [process] = trial.of(PROCESS)
    assert is_below(process, PARENT)
    assert dict(process.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "votes",
        "messaging.consumer.group.name": "svc_consumer",
        "messaging.destination.partition.id": str(PARTITION),
        "messaging.kafka.offset": 0,
        "messaging.batch.message_count": 2,
        "vote.outcome": "counted",
    }
    writes = [span for span in trial.recorded.spans if span is not process]
    assert [span.name for span in writes] == [INSERT, UPDATE, COUNT]
    assert all(is_below(span, below(process)) for span in writes)


async def test_votes_that_are_not_sampled_have_no_spans(trial: Trial) -> None:
    unsampled = PARENT[:-2] + "00"
    await trial.take_in(record_of(a_vote(), 0), sampled(record_of(a_vote(), 1), unsampled))
    assert trial.recorded.spans == []
    assert trial.tally.votes == 2


async def test_a_duplicate_is_not_in_the_tallys_write(trial: Trial) -> None:
    vote = a_vote()
    await trial.take_in(sampled(record_of(vote, 0)), sampled(record_of(vote, 1)))
    assert trial.outcomes == ["counted", "duplicate"]
    assert [len(trial.of(name)) for name in (INSERT, UPDATE, COUNT)] == [2, 2, 1]


async def test_further_votes_of_a_batch_link_to_the_first(trial: Trial) -> None:
    await trial.take_in(*(sampled(record_of(a_vote(), offset)) for offset in range(3)))
    first, *further = trial.of(PROCESS)
    assert not first.links
    assert [link.context for span in further for link in span.links] == [first.context] * 2


async def test_a_record_that_is_no_vote_is_rejected_and_not_written(trial: Trial) -> None:
    await trial.take_in(sampled(FakeRecord(0, b"key", b"no vote")))
    assert trial.outcomes == ["rejected"]
    assert len(trial.recorded.spans) == 1


async def test_a_write_that_fails_fails_its_votes(trial: Trial) -> None:
    trial.log.refuses = ["documents"]
    batch = await trial.take_in(sampled(record_of(a_vote(), 0)))
    process, insert = *trial.of(PROCESS), *trial.of(INSERT)
    assert [span.status.status_code for span in (process, insert)] == [StatusCode.ERROR] * 2
    assert (process.attributes or {})["error.type"] == "StoreUnavailableError"
    assert trial.outcomes == [None]
    assert batch.traceparent == below(process)


async def test_a_vote_that_only_the_log_lost_is_not_counted_again(trial: Trial) -> None:
    record = sampled(record_of(a_vote(), 0))
    await trial.take_in(record)
    trial.log.lose_everything()
    await trial.take_in(record)
    assert trial.outcomes == ["counted", "logged again"]
    assert len(trial.of(COUNT)) == 1


async def test_records_that_both_stores_have_get_no_span_again(trial: Trial) -> None:
    record = sampled(record_of(a_vote(), 0))
    await trial.take_in(record)
    await trial.take_in(record)
    assert len(trial.of(PROCESS)) == 1


async def test_what_is_interrupted_ends_as_failed(trial: Trial) -> None:
    class Cancelled(FakeTally):
        async def advance(self, moves: object) -> list[str]:
            raise KeyboardInterrupt

    trial.projector = Projector(
        trial.log, Cancelled(), FakeRejected(), IntakeTraces("votes", "svc_consumer")
    )
    with pytest.raises(KeyboardInterrupt):
        await trial.take_in(sampled(record_of(a_vote(), 0)))
    [process] = trial.of(PROCESS)
    assert process.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"00-xyz", PARENT[:-2].encode() + b"00"])
def test_a_header_that_is_no_sampled_traceparent_is_ignored(value: bytes | None) -> None:
    record = FakeRecord(0, None, None, headers=[("traceparent", value)])
    assert traceparent_in(record) is None
