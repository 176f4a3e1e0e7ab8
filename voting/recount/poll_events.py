"""The events of the log of polls on which the result of one poll rests."""

from collections.abc import Iterable
from typing import NamedTuple

from voting.polls.book import PollBook
from voting.polls.event import Approve, Propose, Publish, Refuse
from voting.polls.poll import Poll
from voting.recount.final_result import PollEvent


class NotCutError(Exception):
    """The log of polls has no cut of the poll."""


class CutPoll(NamedTuple):
    """A poll that is cut, with its rulings so far, and the events on which its result rests.

    Those are the ones that changed something up to the cut, and all about rulings. `last` is the
    number of the poll's last event, and `note` its published result, if it has one by now.
    """

    poll: Poll
    events: tuple[PollEvent, ...]
    last: int
    note: bytes | None = None


def cut_poll(poll_id: str, records: Iterable[tuple[bytes | None, int]]) -> CutPoll:
    """Return the poll by the values of the log's records, and when Kafka appended each.

    Raises `NotCutError`, or `BrokenLogError`.
    """
    book = PollBook()
    events: list[PollEvent] = []
    poll: Poll | None = None
    last = 0
    note: bytes | None = None
    for value, appended_at_ms in records:
        recorded = book.apply(value, appended_at_ms)
        if recorded is None or recorded.refusal is not None or recorded.event.poll != poll_id:
            continue
        change, last = recorded.event.change, recorded.event.number
        if isinstance(change, Publish):
            note = change.note
        elif poll is None or isinstance(change, Propose | Approve | Refuse):
            events.append(PollEvent(last, type(change).__name__.lower(), value or b""))
            if book.polls[poll_id].cut is not None:
                poll = book.polls[poll_id]
    if poll is None:
        raise NotCutError(f"the log of polls has no cut of poll {poll_id}")
    return CutPoll(poll, tuple(events), last, note)
