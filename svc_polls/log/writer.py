"""Writes events to the log of polls, and returns what became of each."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Protocol

from svc_polls.log.history import PollHistory
from voting.polls.book import Recorded
from voting.polls.changes import changed
from voting.polls.event import Change, Event, encode_event
from voting.polls.known_polls import KnownPolls
from voting.service.backoff import Backoff

# How long until our own reader has an event that Kafka acknowledged, or one that it may have.
_READ_SECONDS: Final = 5.0
# Others may write at the same time: then the number that we wanted is taken.
_TRIES: Final = 12
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.3
_NONCE_BYTES: Final = 8


class LogUnavailableError(Exception):
    """Nothing was written, because the log cannot be used now; the text says why."""


class UnknownFateError(Exception):
    """The event was sent to Kafka, and it is not known whether it will stand."""


class ConditionFailedError(Exception):
    """Nothing was changed: the poll's last event is another than expected, or it has none."""

    def __init__(self, event: int) -> None:
        """`event` is the number of the poll's last event; 0 when there is no such poll."""
        super().__init__(f"the poll's last event is {event}" if event else "there is no such poll")
        self.event = event


class NotSentError(Exception):
    """A record was certainly not sent to Kafka; the text says why."""


type Append = Callable[[bytes], Coroutine[Any, Any, None]]
"""Appends a record and returns when all in-sync replicas have it; bounded.

Raises `NotSentError`, or `UnknownFateError` when Kafka may have it.
"""


class EventTopic(Protocol):
    """The topic of the log of polls."""

    def connected(self) -> AbstractAsyncContextManager[Append]:
        """Connect, within bounds, and disconnect in the end; raises `NotSentError`."""


class PollLogWriter:
    """Writes one event at a time; others may write, too, and the first event of a number stands.

    Nothing is written on the basis of a book that may be old, and nothing that a rule forbids by
    our clock. Readers judge the event by Kafka's clock, so a rule may still refuse it.
    """

    def __init__(
        self,
        topic: EventTopic,
        known: KnownPolls,
        history: PollHistory,
        halted: Callable[[], str | None],
        clock: Callable[[], int],
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        """`halted` says why the log cannot be trusted; `clock` is Unix time in milliseconds."""
        self._topic = topic
        self._known = known
        self._history = history
        self._halted = halted
        self._clock = clock
        self._read_seconds = read_seconds
        self._turn = asyncio.Lock()

    async def write(
        self, author: str, poll: str, change: Change, expected: int | None = None
    ) -> Recorded:
        """Write an event and return it as it stands; its `refusal` may say that a rule forbids it.

        `expected` is the number that the poll's last event must have, 0 when there must be no such
        poll; None for any. Raises `LogUnavailableError`, `ConditionFailedError`,
        `RefusedChangeError` when a rule forbids the change by our clock, and `UnknownFateError`.
        """
        async with self._turn:
            self.check_usable()
            self._check_condition(poll, expected)
            try:
                async with self._topic.connected() as append:
                    return await self._write(append, author, poll, change, expected)
            except NotSentError as error:
                raise LogUnavailableError(f"Kafka does not take the change: {error}") from error

    def check_usable(self) -> None:
        """Raise `LogUnavailableError` unless the newest event of the log is known."""
        if reason := self._halted():
            raise LogUnavailableError(f"the log of polls cannot be trusted: {reason}")
        if not self._known.is_fresh(self._clock()):
            raise LogUnavailableError("it is not known whether these are the newest events")

    def _check_condition(self, poll: str, expected: int | None) -> None:
        found = self._known.book.polls.get(poll)
        last = 0 if found is None else found.event
        if expected is not None and expected != last:
            raise ConditionFailedError(last)

    async def _write(
        self, append: Append, author: str, poll: str, change: Change, expected: int | None
    ) -> Recorded:
        pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        for _ in range(_TRIES):
            # As late as possible: until it is read, another event may get the same number.
            self.check_usable()
            self._check_condition(poll, expected)
            event = self._next(author, poll, change)
            recorded = await self._sent(append, event)
            if recorded is not None:
                return recorded
            await asyncio.sleep(pauses.pause())
        raise LogUnavailableError("others write to the log of polls all the time")

    def _next(self, author: str, poll: str, change: Change) -> Event:
        """Return the next event; raise `RefusedChangeError` when a rule forbids it."""
        book, now_ms = self._known.book, self._clock()
        nonce = os.urandom(_NONCE_BYTES)
        event = Event(book.number + 1, book.last_hash, now_ms, author, poll, change, nonce)
        changed(book.polls, event, max(now_ms, book.appended_at_ms))
        return event

    async def _sent(self, append: Append, event: Event) -> Recorded | None:
        """Append an event; None when another has its number, so that it never will stand."""
        value = encode_event(event)
        standing = self._history.standing(event.number)
        fate: UnknownFateError | None = None
        try:
            try:
                await append(value)
            except UnknownFateError as error:
                fate = error
            with suppress(TimeoutError):
                found = await asyncio.wait_for(standing, self._read_seconds)
                return found.recorded if found.value == value else None
        finally:
            standing.cancel()
        raise UnknownFateError(
            f"event {event.number} ({type(event.change).__name__.lower()} {event.poll}) was sent "
            f"to Kafka, and is not in the log after {self._read_seconds:g} s"
        ) from fate
