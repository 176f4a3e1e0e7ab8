"""Keeps all polls in memory, read from their log in the background."""

import logging
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from voting.ledger.settings import KafkaSettings
from voting.ledger.topic_follower import Record, TopicFollower
from voting.polls.book import BrokenLogError, Recorded
from voting.polls.known_polls import KnownPolls
from voting.polls.metrics import EVENT, HALTED, PROVED

_log = logging.getLogger(__name__)

# Votes in polls need a proof that is at most 10 s old.
_PROOF_MS: Final = 2_000
_LOG_APPEND_TIME: Final = 1


class _LastRecord(NamedTuple):
    offset: int
    digest: bytes


class PollLogReader:
    """Reads the log of polls from its beginning and follows it; a `TopicReader`.

    While Kafka or the topic is away, `known` grows older. If the log is not the one that was read,
    or has a record that is not an event, it is `halted` until the process starts again: `known`
    gets no proof any more, and `halted` says why.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        known: KnownPolls,
        on_event: Callable[[bytes, Recorded], None] | None = None,
        proof_ms: int = _PROOF_MS,
    ) -> None:
        """`on_event` is called with each event that stands, and the value of its record.

        Without events there is a new proof after `proof_ms`.
        """
        self._topic = settings.kafka_polls_topic
        self._known = known
        self._on_event = on_event
        self._follower = TopicFollower(settings, self._topic, self, "the log of polls", proof_ms)
        self.start = self._follower.start
        self.stop = self._follower.stop
        self._last: _LastRecord | None = None
        self.halted: str | None = None
        HALTED.set(0)

    def first_offset(self, end: int) -> int:
        """Return the offset of the last record that was read: it must still be the same."""
        if self._last is None:
            return 0
        if end <= self._last.offset:
            self._halt(f"it ends at offset {end}, but was read to {self._last.offset + 1}")
            return end
        return self._last.offset

    def take(self, records: Sequence[Record]) -> None:
        """Apply the events of these records, as far as they can be trusted."""
        for record in records:
            if self.halted is not None:
                return
            self._take(record)

    def at_end(self, _end: int, asked_at_ms: int) -> None:
        """Note the proof that there was no newer event."""
        if self.halted is None:
            self._known.prove(asked_at_ms)
            PROVED.set(asked_at_ms / 1000)

    def lost(self) -> None:
        """Do nothing: the last proof grows older by itself."""

    def _take(self, record: Record) -> None:
        digest = sha256(record.value or b"").digest()
        if self._last is not None and record.offset == self._last.offset:
            if digest != self._last.digest:
                self._halt(f"the record at offset {record.offset} is another than before")
            return
        if record.timestamp_type != _LOG_APPEND_TIME:
            self._halt(f"topic {self._topic} must have message.timestamp.type=LogAppendTime")
            return
        if self._last is None and record.offset:
            self._halt(f"its first record is at offset {record.offset}: records were deleted")
            return
        try:
            recorded = self._known.book.apply(record.value, record.timestamp)
        except BrokenLogError as error:
            self._halt(f"{error} (offset {record.offset})")
            return
        self._last = _LastRecord(record.offset, digest)
        if recorded is None:
            return
        EVENT.set(recorded.event.number)
        if self._on_event is not None:
            self._on_event(record.value, recorded)

    def _halt(self, reason: str) -> None:
        self.halted = reason
        HALTED.set(1)
        _log.error(
            "the log of polls in topic %s cannot be trusted: %s. Votes in polls are refused until "
            "the topic is as it was and this service is started again",
            self._topic,
            reason,
        )
