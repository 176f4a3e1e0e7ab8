"""The history of each poll in short, and the wait for an event to stand."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from voting.polls.book import Recorded
from voting.polls.definition import PollDefinition
from voting.polls.event import Approve, Close, Cut, Define, Propose, Refuse, Revoke

HISTORY_MAX: Final = 1_000  # events kept of one poll; the log has them all


class PastEvent(msgspec.Struct, frozen=True):
    """An event in short. `fields` are those of the definition that it changes, if it is one.

    `revoked` names what a revocation takes back: a class of voters or a batch. `ruling` is the
    number of the ruling that it is about.
    """

    number: int
    appended_at_ms: int
    written_at_ms: int
    author: str
    change: str
    fields: tuple[str, ...] = ()
    closes_at_ms: int | None = None
    ends: tuple[int, ...] | None = None
    revoked: str | None = None
    ruling: int | None = None
    refusal: str | None = None


class Standing(NamedTuple):
    """The event that stands under a number, and the value of its record."""

    value: bytes
    recorded: Recorded


class PollHistory:
    """Keeps the newest events of each poll, and wakes whoever waits for one that now stands."""

    def __init__(self) -> None:
        self._events: dict[str, deque[PastEvent]] = {}
        self._definitions: dict[str, PollDefinition] = {}
        self._proposals = Counter[str]()
        self._waiting: dict[int, list[asyncio.Future[Standing]]] = {}

    def note(self, value: bytes, recorded: Recorded) -> None:
        """Take the next event of the log."""
        event = recorded.event
        is_known = event.poll in self._events
        # Nobody can ask for a poll that does not exist, and its name may be anything.
        if is_known or recorded.refusal is None:
            self._events.setdefault(event.poll, deque(maxlen=HISTORY_MAX)).append(
                self._in_short(recorded)
            )
        if isinstance(event.change, Define) and recorded.refusal is None:
            self._definitions[event.poll] = event.change.definition
        for future in self._waiting.pop(event.number, ()):
            if not future.done():
                future.set_result(Standing(value, recorded))

    def of(self, poll: str, after: int, limit: int) -> Sequence[PastEvent]:
        """Return at most `limit` events of a poll that follow the event `after`, oldest first."""
        following = (event for event in self._events.get(poll, ()) if event.number > after)
        return [event for event, _ in zip(following, range(limit), strict=False)]

    def standing(self, number: int) -> asyncio.Future[Standing]:
        """Return what will be the event that stands under a number, which none has so far."""
        future: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(number, [])
        waiting[:] = [one for one in waiting if not one.done()]
        waiting.append(future)
        return future

    def _in_short(self, recorded: Recorded) -> PastEvent:
        event, change = recorded.event, recorded.event.change
        fields: tuple[str, ...] = ()
        if isinstance(change, Define):
            fields = changed_fields(self._definitions.get(event.poll), change.definition)
        return PastEvent(
            number=event.number,
            appended_at_ms=recorded.appended_at_ms,
            written_at_ms=event.written_at_ms,
            author=event.author,
            change=type(change).__name__.lower(),
            fields=fields,
            closes_at_ms=change.closes_at_ms if isinstance(change, Close) else None,
            ends=change.ends if isinstance(change, Cut) else None,
            revoked=self._revoked(event.poll, change) if isinstance(change, Revoke) else None,
            ruling=self._ruling(recorded),
            refusal=recorded.refusal,
        )

    def _ruling(self, recorded: Recorded) -> int | None:
        event, change = recorded.event, recorded.event.change
        if isinstance(change, Approve | Refuse):
            return change.ruling
        if not isinstance(change, Propose) or recorded.refusal is not None:
            return None
        self._proposals[event.poll] += 1
        return self._proposals[event.poll]

    def _revoked(self, poll: str, revoke: Revoke) -> str:
        if revoke.voter_class is None:
            return f"batch {revoke.batch}"
        definition = self._definitions.get(poll)
        voters = definition.voters if definition else None
        for one in voters.classes if voters else ():
            if one.number == revoke.voter_class:
                return f"class {one.name}"
        return f"class {revoke.voter_class}"


def changed_fields(before: PollDefinition | None, after: PollDefinition) -> tuple[str, ...]:
    """Return the names of the fields in which definitions differ; none in a poll's first one."""
    if before is None:
        return ()
    names = PollDefinition.__struct_fields__
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))
