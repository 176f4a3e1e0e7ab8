"""The state of all polls: a pure fold over the records of the log of polls.

Whoever reads the same records has the same state. The rules use the time at which Kafka appended a
record, one clock for all, never the reader's or the writer's.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from voting.polls.definition import (
    InvalidPollError,
    PollDefinition,
    ShowResult,
    check_slug,
    clean_definition,
)
from voting.polls.event import (
    Change,
    Close,
    Cut,
    Define,
    Event,
    Open,
    Publish,
    Release,
    Revoke,
    UnreadableEventError,
    decode_event,
    event_hash,
)
from voting.voters.rules import BATCH_MAX

POLLS_MAX: Final = 2_000
# Over all polls: what every route has memory for.
ALL_ENTRIES_MAX: Final = 100_000
REVOKED_BATCHES_MAX: Final = 1_000
# A route that has not known for this long that it has the newest event takes no votes in polls.
FRESH_MS: Final = 10_000
# How far the clocks of our machines may differ.
SKEW_MS: Final = 1_000
# What narrows a poll is announced this long before: by then every route knows it, or is silent.
LEAD_MS: Final = FRESH_MS + SKEW_MS


class BrokenLogError(ValueError):
    """The log of polls cannot be trusted: nothing after the last good event is applied."""


class RefusedChangeError(ValueError):
    """An event breaks a rule: it keeps its number and changes nothing. The text says why."""


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll as its events left it.

    `event` is the number of the last one, `defined` of the one that set the present definition,
    `published` of the one with the signed result, if there is one.
    Tokens of a class in `revoked_classes`, or of a batch in `revoked_batches`, admit no more.

    Times are Unix times in milliseconds; None until an organiser opens or closes it by hand.
    """

    id: str
    definition: PollDefinition
    opens_at_ms: int | None
    closes_at_ms: int | None
    cut: tuple[int, ...] | None = None
    published: int | None = None
    released: bool = False
    revoked_classes: frozenset[int] = frozenset()
    revoked_batches: frozenset[int] = frozenset()
    defined: int
    event: int

    def is_open(self, now_ms: int) -> bool:
        """Whether a vote that is read now may be accepted."""
        if self.opens_at_ms is None or now_ms < self.opens_at_ms:
            return False
        return self.closes_at_ms is None or now_ms < self.closes_at_ms

    def is_closed(self, now_ms: int) -> bool:
        """Whether the poll was open and has ended, for good."""
        if self.opens_at_ms is None or self.closes_at_ms is None:
            return False
        return self.closes_at_ms <= now_ms

    def is_frozen(self, now_ms: int) -> bool:
        """Whether the definition can no longer be replaced."""
        return self.opens_at_ms is not None and self.opens_at_ms < now_ms + LEAD_MS

    @property
    def last_answer_ms(self) -> int | None:
        """When the last vote may be accepted, by the route's clock; None without an end."""
        if self.closes_at_ms is None:
            return None
        return self.closes_at_ms + self.definition.answer_within_ms

    @property
    def settled_at_ms(self) -> int | None:
        """From when on no route accepts a vote, whichever clock it has; None without an end."""
        return None if self.last_answer_ms is None else self.last_answer_ms + SKEW_MS

    def shows_result(self, now_ms: int) -> bool:
        """Whether the audience may see the result: the one place that decides it."""
        match self.definition.show_result:
            case ShowResult.LIVE:
                return self.opens_at_ms is not None and self.opens_at_ms <= now_ms
            case ShowResult.ON_CLOSE:
                return self.cut is not None
            case ShowResult.ON_RELEASE:
                return self.released


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


def changed(polls: Mapping[str, Poll], event: Event, at_ms: int) -> Poll:
    """Return the poll of an event appended at `at_ms` as the event changes it.

    Raises `RefusedChangeError` when a rule forbids the change.
    """
    change: Change = event.change
    if isinstance(change, Define):
        return _defined(polls, event.poll, change.definition, event.number, at_ms)
    poll = polls.get(event.poll)
    if poll is None:
        raise RefusedChangeError("there is no such poll")
    match change:
        case Open():
            return _opened(poll, event.number, at_ms)
        case Close(closes_at_ms):
            return _closed(poll, closes_at_ms, event.number, at_ms)
        case Cut(ends):
            return _cut(poll, ends, event.number, at_ms)
        case Release():
            return _released(poll, event.number)
        case Revoke():
            return _revoked(poll, change, event.number)
        case Publish():
            return _published(poll, change, event.number)


def _defined(
    polls: Mapping[str, Poll], poll_id: str, definition: PollDefinition, number: int, at_ms: int
) -> Poll:
    try:
        check_slug("poll", poll_id)
        if clean_definition(definition) != definition:
            raise RefusedChangeError("its texts are not trimmed and normalised")
    except InvalidPollError as error:
        raise RefusedChangeError(str(error)) from error
    before = polls.get(poll_id)
    if before is None and len(polls) >= POLLS_MAX:
        raise RefusedChangeError(f"there are {POLLS_MAX} polls already")
    others = sum(len(poll.definition.entries) for poll in polls.values() if poll is not before)
    if others + len(definition.entries) > ALL_ENTRIES_MAX:
        raise RefusedChangeError(f"all polls together would have over {ALL_ENTRIES_MAX} entries")
    if before is not None and before.is_frozen(at_ms):
        raise RefusedChangeError("its definition is frozen from 11 s before it opens")
    if before is not None and before.definition.rehearsal != definition.rehearsal:
        raise RefusedChangeError("a rehearsal stays a rehearsal; copy it as another poll")
    opens_at_ms = definition.opens_at_ms
    if opens_at_ms is not None and opens_at_ms < at_ms + LEAD_MS:
        raise RefusedChangeError("a poll opens 11 s after it was defined at the soonest")
    return Poll(
        id=poll_id,
        definition=definition,
        opens_at_ms=opens_at_ms,
        closes_at_ms=definition.closes_at_ms,
        revoked_classes=frozenset() if before is None else before.revoked_classes,
        revoked_batches=frozenset() if before is None else before.revoked_batches,
        defined=number,
        event=number,
    )


def _opened(poll: Poll, number: int, at_ms: int) -> Poll:
    if poll.opens_at_ms is not None:
        raise RefusedChangeError("it has been opened, or opens at its time")
    if poll.closes_at_ms is not None and poll.closes_at_ms < at_ms + LEAD_MS:
        raise RefusedChangeError("its end has passed, or is less than 11 s away")
    return msgspec.structs.replace(poll, opens_at_ms=at_ms, event=number)


def _closed(poll: Poll, closes_at_ms: int | None, number: int, at_ms: int) -> Poll:
    soonest = at_ms + LEAD_MS
    if poll.opens_at_ms is None or at_ms < poll.opens_at_ms:
        raise RefusedChangeError("it is not open yet: replace its definition")
    if poll.closes_at_ms is not None and poll.closes_at_ms < soonest:
        raise RefusedChangeError("it is closed, or closes in less than 11 s")
    if closes_at_ms is not None and closes_at_ms < soonest:
        raise RefusedChangeError("a new end must be at least 11 s ahead")
    return msgspec.structs.replace(
        poll, closes_at_ms=soonest if closes_at_ms is None else closes_at_ms, event=number
    )


def _cut(poll: Poll, ends: tuple[int, ...], number: int, at_ms: int) -> Poll:
    if poll.cut is not None:
        raise RefusedChangeError("it has been cut")
    if poll.opens_at_ms is None:
        raise RefusedChangeError("it was never open")
    if poll.settled_at_ms is None or at_ms < poll.settled_at_ms:
        raise RefusedChangeError("votes may still be accepted")
    if not ends or any(end < 0 for end in ends):
        raise RefusedChangeError("the cut has no offset for each partition")
    return msgspec.structs.replace(poll, cut=ends, event=number)


def _published(poll: Poll, publish: Publish, number: int) -> Poll:
    if poll.cut is None:
        raise RefusedChangeError("its votes may not be complete yet")
    if poll.published is not None:
        raise RefusedChangeError("its result has been published")
    if not publish.document:
        raise RefusedChangeError("there is no result in it")
    return msgspec.structs.replace(poll, published=number, event=number)


def _released(poll: Poll, number: int) -> Poll:
    if poll.definition.show_result is not ShowResult.ON_RELEASE:
        raise RefusedChangeError("its result is not shown on release")
    if poll.cut is None:
        raise RefusedChangeError("its result is not final yet")
    if poll.released:
        raise RefusedChangeError("its result has been released")
    return msgspec.structs.replace(poll, released=True, event=number)


def _revoked(poll: Poll, revoke: Revoke, number: int) -> Poll:
    voters = poll.definition.voters
    if voters is None:
        raise RefusedChangeError("its votes need no token")
    if poll.cut is not None:
        raise RefusedChangeError("its votes are counted")
    voter_class, batch = revoke.voter_class, revoke.batch
    if voter_class is not None:
        if all(voter_class != one.number for one in voters.classes):
            raise RefusedChangeError("it has no such class of voters")
        classes, batches = poll.revoked_classes | {voter_class}, poll.revoked_batches
    else:
        if batch is None or not 1 <= batch <= BATCH_MAX:
            raise RefusedChangeError(f"a batch has a number from 1 to {BATCH_MAX}")
        if len(poll.revoked_batches) >= REVOKED_BATCHES_MAX:
            raise RefusedChangeError(f"{REVOKED_BATCHES_MAX} batches were taken back already")
        classes, batches = poll.revoked_classes, poll.revoked_batches | {batch}
    if (classes, batches) == (poll.revoked_classes, poll.revoked_batches):
        raise RefusedChangeError("those tokens were taken back before")
    return msgspec.structs.replace(
        poll, revoked_classes=classes, revoked_batches=batches, event=number
    )
