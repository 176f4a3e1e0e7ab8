"""The rules by which rulings are proposed, approved and refused."""

from collections.abc import Mapping
from typing import Final

import msgspec

from voting.domain.vote import InvalidVoteError, clean_text
from voting.polls.event import Approve, Event, Propose, Refuse
from voting.polls.poll import Poll, RefusedChangeError
from voting.polls.ruling import (
    ID_BYTES,
    RULING_IDS_MAX,
    RULINGS_MAX,
    Between,
    Lift,
    OfClass,
    Ruling,
    RulingState,
    VoteIds,
    open_proposal,
    vote_ids,
)
from voting.voters.rules import BATCH_MAX

# Over all polls: what every route has memory for.
ALL_RULING_IDS_MAX: Final = 1_000_000


def check_decided(poll: Poll) -> None:
    """Raise `RefusedChangeError` if a ruling waits to be approved or refused."""
    waiting = open_proposal(poll.rulings)
    if waiting is not None:
        raise RefusedChangeError(f"ruling {waiting.number} is neither approved nor refused")


def ruled(polls: Mapping[str, Poll], poll: Poll, event: Event, at_ms: int) -> Poll:
    """Return the poll as an event about its rulings changes it, or raise `RefusedChangeError`."""
    if poll.published is not None:
        raise RefusedChangeError("its result has been published")
    match event.change:
        case Propose():
            rulings = (*poll.rulings, _proposed(polls, poll, event, event.change, at_ms))
        case Approve(number):
            rulings = _approved(poll.rulings, number, event)
        case Refuse(number):
            decided = _decided(_waiting(poll.rulings, number), event, approved=False)
            rulings = _with(poll.rulings, decided)
        case _:
            raise TypeError(event.change)
    return msgspec.structs.replace(poll, rulings=rulings, event=event.number)


def _proposed(
    polls: Mapping[str, Poll], poll: Poll, event: Event, propose: Propose, at_ms: int
) -> Ruling:
    if poll.opens_at_ms is None or at_ms < poll.opens_at_ms:
        raise RefusedChangeError("it has not been open yet")
    if len(poll.rulings) >= RULINGS_MAX:
        raise RefusedChangeError(f"it has {RULINGS_MAX} rulings already")
    _check_reason(propose.reason)
    match propose.selection:
        case VoteIds():
            _check_ids(polls, propose.selection)
        case OfClass(voter_class):
            _check_class(poll, voter_class)
        case Between(from_ms, until_ms):
            if not 0 < from_ms < until_ms:
                raise RefusedChangeError("its time must end after it begins")
            if from_ms > at_ms:
                raise RefusedChangeError("its time lies ahead: it would reach no vote")
        case Lift(number):
            _check_liftable(poll.rulings, number)
    return Ruling(
        number=len(poll.rulings) + 1,
        selection=propose.selection,
        reason=propose.reason,
        author=event.author,
        event=event.number,
        proposed_at_ms=at_ms,
    )


def _check_reason(reason: str) -> None:
    try:
        clean = clean_text("reason", reason)
    except InvalidVoteError as error:
        raise RefusedChangeError(f"its reason {error.reason}") from error
    if clean != reason:
        raise RefusedChangeError("its reason is not trimmed and normalised")


def _check_ids(polls: Mapping[str, Poll], ids: VoteIds) -> None:
    count, rest = divmod(len(ids.packed), ID_BYTES)
    if rest or not 1 <= count <= RULING_IDS_MAX:
        raise RefusedChangeError(f"a ruling has 1 to {RULING_IDS_MAX:,} ids")
    if vote_ids(ids) != VoteIds(ids.packed):
        raise RefusedChangeError("its ids are not in ascending order, each once")
    if ids.batch is not None and not 1 <= ids.batch <= BATCH_MAX:
        raise RefusedChangeError(f"a batch has a number from 1 to {BATCH_MAX}")
    before = sum(
        len(one.selection)
        for poll in polls.values()
        for one in poll.rulings
        if isinstance(one.selection, VoteIds)
    )
    if before + count > ALL_RULING_IDS_MAX:
        raise RefusedChangeError(
            f"the rulings of all polls would have over {ALL_RULING_IDS_MAX:,} ids"
        )


def _check_class(poll: Poll, voter_class: int) -> None:
    voters = poll.definition.voters
    if voters is None or all(voter_class != one.number for one in voters.classes):
        raise RefusedChangeError("it has no such class of voters")


def _check_liftable(rulings: tuple[Ruling, ...], number: int) -> None:
    ruling = _ruling(rulings, number)
    if isinstance(ruling.selection, Lift):
        raise RefusedChangeError("a lift cannot be lifted: propose the ruling again")
    if ruling.state is not RulingState.IN_FORCE:
        raise RefusedChangeError(f"ruling {number} is not in force")


def _approved(rulings: tuple[Ruling, ...], number: int, event: Event) -> tuple[Ruling, ...]:
    waiting = _waiting(rulings, number)
    if waiting.author == event.author:
        raise RefusedChangeError("whoever proposed a ruling cannot approve it")
    approved = _with(rulings, _decided(waiting, event, approved=True))
    if not isinstance(waiting.selection, Lift):
        return approved
    _check_liftable(rulings, waiting.selection.ruling)
    lifted = _ruling(rulings, waiting.selection.ruling)
    return _with(approved, msgspec.structs.replace(lifted, lifted_by=number))


def _decided(ruling: Ruling, event: Event, *, approved: bool) -> Ruling:
    return msgspec.structs.replace(
        ruling, decided=event.number, decider=event.author, approved=approved
    )


def _waiting(rulings: tuple[Ruling, ...], number: int) -> Ruling:
    ruling = _ruling(rulings, number)
    if ruling.state is not RulingState.PROPOSED:
        raise RefusedChangeError(f"ruling {number} has been approved or refused")
    return ruling


def _ruling(rulings: tuple[Ruling, ...], number: int) -> Ruling:
    if not 1 <= number <= len(rulings):
        raise RefusedChangeError(f"it has no ruling {number}")
    return rulings[number - 1]


def _with(rulings: tuple[Ruling, ...], ruling: Ruling) -> tuple[Ruling, ...]:
    return (*rulings[: ruling.number - 1], ruling, *rulings[ruling.number :])
