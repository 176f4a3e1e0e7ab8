"""The rules by which events change polls."""

from collections.abc import Mapping
from typing import Final

import msgspec

from voting.polls.definition import (
    InvalidPollError,
    PollDefinition,
    ShowResult,
    check_slug,
    clean_definition,
)
from voting.polls.event import (
    Approve,
    Change,
    Close,
    Cut,
    Define,
    Event,
    Open,
    Propose,
    Publish,
    Refuse,
    Release,
    Revoke,
)
from voting.polls.poll import LEAD_MS, Poll, RefusedChangeError
from voting.polls.ruling_rules import check_decided, ruled
from voting.voters.rules import BATCH_MAX

POLLS_MAX: Final = 2_000
# Over all polls: what every route has memory for.
ALL_ENTRIES_MAX: Final = 100_000
REVOKED_BATCHES_MAX: Final = 1_000


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
            return _released(poll, event)
        case Revoke():
            return _revoked(poll, change, event.number)
        case Publish():
            return _published(poll, change, event.number)
        case Propose() | Approve() | Refuse():
            return ruled(polls, poll, event, at_ms)


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
        raise RefusedChangeError(
            "it has been opened"
            if poll.opens_at_ms <= at_ms
            else "it opens at its time: for another one, replace its definition"
        )
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
    check_decided(poll)
    if not publish.document:
        raise RefusedChangeError("there is no result in it")
    return msgspec.structs.replace(poll, published=number, event=number)


def _released(poll: Poll, event: Event) -> Poll:
    if poll.definition.show_result is not ShowResult.ON_RELEASE:
        raise RefusedChangeError("its result is not shown on release")
    if poll.cut is None:
        raise RefusedChangeError("its result is not final yet")
    if poll.released:
        raise RefusedChangeError("its result has been released")
    if poll.definition.releasers > 1 and poll.published is None:
        raise RefusedChangeError("two people release it once its signed result is published")
    if event.author in poll.released_by:
        raise RefusedChangeError("whoever has released it cannot do so again: another person must")
    released_by = (*poll.released_by, event.author)
    return msgspec.structs.replace(poll, released_by=released_by, event=event.number)


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
