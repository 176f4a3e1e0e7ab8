"""Spans of the sampled votes among the records that are taken in."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.positions import offset_of
from svc_consumer.ledger.records import Record
from voting.domain.headers import TRACE_HEADER
from voting.tracing.trace_context import if_sampled, read_traceparent
from voting.tracing.tracing import step

if TYPE_CHECKING:
    from voting.tracing.traces import Step, StepSpans


class Write(Enum):
    """A write by which the stores take batches in; the value is the name of its spans."""

    DOCUMENTS = "insert votes"
    FENCES = "update votes"
    TALLY = "EVALSHA tally"


class Outcome(Enum):
    """What became of a sampled record; the value is the attribute `vote.outcome`."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    LOGGED_AGAIN = "logged again"
    REJECTED = "rejected"


_VOTE_LOG: Final = {"db.system.name": "mongodb", "db.collection.name": "votes"}
_WRITES: Final[Mapping[Write, Mapping[str, str | int]]] = {
    Write.DOCUMENTS: {**_VOTE_LOG, "db.operation.name": "insert"},
    Write.FENCES: {**_VOTE_LOG, "db.operation.name": "update"},
    Write.TALLY: {"db.system.name": "redis", "db.operation.name": "EVALSHA"},
}


class IntakeTraces:
    """Makes the spans of a consumer that records traces.

    A vote is sampled if its record carries a traceparent. Its span has one below for each write.
    """

    def __init__(self, topic: str, group: str) -> None:
        """Name the topic that is read, and the consumer group."""
        processing = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.consumer.group.name": group,
        }
        self._process = step("process votes", "consumer", processing)
        self._writes = {
            write: step(write.value, "client", attributes) for write, attributes in _WRITES.items()
        }

    def start(self, batches: Sequence[Batch]) -> IntakeSpans | None:
        """Start the spans of the votes in batches that were just read; None if none is sampled."""
        votes: list[_Sampled] = []
        parents: dict[int, str] = {}
        for batch in batches:
            logged = offset_of(batch.partition.log_position)
            counted = offset_of(batch.partition.tally_position)
            for record in batch.records:
                if record.offset > logged and (parent := traceparent_in(record)):
                    parents[len(votes)] = parent
                    votes.append(_Sampled(batch, record.offset, counted))
        size = {"messaging.batch.message_count": sum(len(batch.records) for batch in batches)}
        spans = self._process.start(parents, size) if self._process else None
        return IntakeSpans(votes, spans, self._writes) if spans else None


class _Sampled(NamedTuple):
    """A sampled record, and up to which offset the tally had counted when it came."""

    batch: Batch
    offset: int
    counted: int

    @property
    def outcome(self) -> Outcome:
        """What becomes of it in a batch that does not fail; final once the vote log has it."""
        if any(rejection.record.offset == self.offset for rejection in self.batch.rejections):
            return Outcome.REJECTED
        if all(copy.offset != self.offset for copy in self.batch.winners):
            return Outcome.DUPLICATE
        return Outcome.COUNTED if self.offset > self.counted else Outcome.LOGGED_AGAIN

    def is_in(self, write: Write) -> bool:
        """Whether a write concerns it."""
        if write is Write.TALLY:
            return self.outcome is Outcome.COUNTED
        return self.outcome is not Outcome.REJECTED


class IntakeSpans:
    """The spans of sampled votes in batches that are taken in together."""

    def __init__(
        self,
        votes: Sequence[_Sampled],
        spans: StepSpans,
        writes: Mapping[Write, Step | None],
    ) -> None:
        self._votes = votes
        self._spans = spans
        self._writes = writes
        for index, vote in enumerate(votes):
            vote.batch.traceparent = vote.batch.traceparent or spans.traceparents[index]
            spans.spans[index].set_attributes(
                {
                    "messaging.destination.partition.id": str(vote.batch.partition.number),
                    "messaging.kafka.offset": vote.offset,
                }
            )

    def add(self, write: Write, batches: Collection[Batch], begin_ns: int) -> None:
        """Add the spans of a write that began at this time, and has just ended or failed."""
        parents = {
            index: self._spans.traceparents[index]
            for index, vote in enumerate(self._votes)
            if vote.batch in batches and vote.is_in(write)
        }
        made = self._writes[write]
        if made and (spans := made.start(parents, {}, begin_ns)):
            spans.end({index: self._votes[index].batch.error for index in parents})

    def end(self, interruption: BaseException | None = None) -> None:
        """End the votes' own spans, each with its outcome or with the error of its batch."""
        errors: dict[int, BaseException | None] = {}
        for index, vote in enumerate(self._votes):
            errors[index] = vote.batch.error or interruption
            if errors[index] is None:
                self._spans.spans[index].set_attribute("vote.outcome", vote.outcome.value)
        self._spans.end(errors)


def traceparent_in(record: Record) -> str | None:
    """Return the traceparent that a record carries, if its trace is recorded."""
    for name, value in record.headers:
        if name == TRACE_HEADER and value is not None:
            return if_sampled(read_traceparent(value.decode("ascii", "replace")))
    return None
