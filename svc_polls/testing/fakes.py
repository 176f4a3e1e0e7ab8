"""A log of polls in memory that a writer writes to, with what can go wrong on the way."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from svc_polls.log.history import PollHistory
from svc_polls.log.writer import Append, NotSentError, PollLogWriter, UnknownFateError
from voting.polls.known_polls import KnownPolls

NOW: Final = 1_764_000_000_000


class LogInMemory:
    """An `EventTopic` with its reader, `known` and `history`; also the clock of all.

    `before` is called when a record arrives, before it is appended. With `away` no record can be
    sent, with `silent` none is acknowledged; then it is appended only if `delivers`, else it is in
    `underway`.
    """

    def __init__(self) -> None:
        self.now_ms = NOW
        self.kafka_ahead_ms = 0
        self.known = KnownPolls()
        self.history = PollHistory()
        self.halted: str | None = None
        self.away = self.silent = False
        self.delivers = True
        self.before: Callable[[], None] | None = None
        self.records: list[bytes] = []
        self.underway: list[bytes] = []
        self.times: list[int] = []
        self.known.prove(self.now_ms)

    def writer(self) -> PollLogWriter:
        """Return a writer that waits for a moment only."""
        return PollLogWriter(
            self, self.known, self.history, lambda: self.halted, lambda: self.now_ms, 0.05
        )

    def wait(self, ms: int) -> None:
        """Let time pass, at the end of which the newest event is known."""
        self.now_ms += ms
        self.known.prove(self.now_ms)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Append]:
        """Connect."""
        if self.away:
            raise NotSentError("Kafka is away")
        yield self._append

    async def _append(self, value: bytes) -> None:
        """Take a record and let the reader read it."""
        before, self.before = self.before, None
        if before is not None:
            before()
        if not self.silent or self.delivers:
            self.add(value)
        else:
            self.underway.append(value)
        if self.silent:
            raise UnknownFateError("no acknowledgement")

    def add(self, value: bytes) -> None:
        """Append a record, whoever wrote it."""
        self.records.append(value)
        self.times.append(self.now_ms + self.kafka_ahead_ms)
        recorded = self.known.book.apply(value, self.times[-1])
        if recorded is not None:
            self.history.note(value, recorded)
