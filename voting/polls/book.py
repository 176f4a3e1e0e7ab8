"""The state of all polls: a pure fold over the records of the log of polls.

Whoever reads the same records has the same state. The rules use the time at which Kafka appended a
record, one clock for all, never the reader's or the writer's.
"""

from collections.abc import Mapping
from typing import NamedTuple

from voting.polls.changes import changed
from voting.polls.event import Event, decode_event, event_hash
from voting.polls.event_parts import UnreadableEventError
from voting.polls.poll import Poll, RefusedChangeError


class BrokenLogError(ValueError):
    """The log of polls cannot be trusted: nothing after the last good event is applied."""


class Recorded(NamedTuple):
    """An event that stands, when Kafka appended it, and why it changes nothing, if so."""

    event: Event
    appended_at_ms: int
    refusal: str | None


class PollBook:
    """All polls after the events so far. `polls` is replaced, never changed."""

    def __init__(self) -> None:
        self.polls: Mapping[str, Poll] = {}
        self.number = 0
        self.last_hash = b""
        self.appended_at_ms = 0

    def apply(self, value: bytes | None, appended_at_ms: int) -> Recorded | None:
        """Apply the next record of the log; None if another event of its number stands already.

        Raises `BrokenLogError` when the record is not an event, when events are missing before it,
        or when it does not follow from the last one. The state is unchanged then.
        """
        try:
            event = decode_event(value)
        except UnreadableEventError as error:
            raise BrokenLogError(f"the record after event {self.number} {error}") from error
        if event.number <= self.number:
            return None
        if event.number != self.number + 1:
            raise BrokenLogError(f"event {event.number} follows event {self.number}")
        if event.previous != self.last_hash:
            raise BrokenLogError(f"event {event.number} was not written after event {self.number}")
        # A new leader's clock may be behind the last one's.
        at_ms = max(appended_at_ms, self.appended_at_ms)
        refusal = None
        try:
            poll = changed(self.polls, event, at_ms)
        except RefusedChangeError as error:
            refusal = str(error)
        else:
            self.polls = {**self.polls, poll.id: poll}
        self.number, self.appended_at_ms = event.number, at_ms
        self.last_hash = event_hash(value or b"")
        return Recorded(event, at_ms, refusal)
