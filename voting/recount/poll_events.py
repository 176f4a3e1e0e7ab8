"""The events of the log of polls on which the result of one poll rests."""

from collections.abc import Iterable
from typing import NamedTuple

from voting.polls.book import PollBook
from voting.polls.event import Cut, Publish
from voting.polls.poll import Poll
from voting.recount.final_result import PollEvent


class NotCutError(Exception):
    """The log of polls has no cut of the poll."""


class CutPoll(NamedTuple):
    """A poll as it was when it was cut, and its events up to then that changed something.

    `note` is its published result, if it has one by now.
    """

    poll: Poll
    events: tuple[PollEvent, ...]
    note: bytes | None = None


def cut_poll(poll_id: str, records: Iterable[tuple[bytes | None, int]]) -> CutPoll:
    """Return the poll by the values of the log's records, and when Kafka appended each.

    What happens after the cut changes nothing but the note. Raises `NotCutError`, or
    `BrokenLogError`.
    """
    book = PollBook()
    events: list[PollEvent] = []
    found: CutPoll | None = None
    for value, appended_at_ms in records:
        recorded = book.apply(value, appended_at_ms)
        if recorded is None or recorded.refusal is not None or recorded.event.poll != poll_id:
            continue
        change = recorded.event.change
        if found is not None:
            if isinstance(change, Publish):
                found = found._replace(note=change.note)
            continue
        name = type(change).__name__.lower()
        events.append(PollEvent(recorded.event.number, name, value or b""))
        if isinstance(change, Cut):
            found = CutPoll(book.polls[poll_id], tuple(events))
    if found is not None:
        return found
    raise NotCutError(f"the log of polls has no cut of poll {poll_id}")
