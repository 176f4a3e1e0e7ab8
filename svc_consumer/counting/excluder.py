"""Keeps what rulings take of each poll beside the tally's counters.

What a ruling takes is a pure function of the ledger and of the log of polls, and no later vote
changes it. So it is not counted up but replaced, as a whole and in one step, once the tally has
counted everything that rulings may reach. Whoever computes it, and however often, has the same;
the version keeps one that knows an older log of polls from undoing what a newer one did.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from svc_consumer.counting.positions import offset_of
from svc_consumer.metrics import RULINGS_WAIT
from voting.polls.excluded import Rulings, exclusion_version
from voting.polls.poll import SKEW_MS, Poll
from voting.polls.ruling import rulings_in_force
from voting.stores.poll_exclusion import RuledLog, excluded_before
from voting.stores.poll_result import NotFinalYetError
from voting.stores.tally_exclusion import Exclusion

type Ends = Sequence[int]
"""For each partition of the ledger the offset behind its last record."""


class ExclusionStore(Protocol):
    """The tally: what rulings take, beside the positions."""

    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        """Do as `TallyStore.positions` does."""
        ...

    async def exclusion_versions(self, polls: Sequence[str]) -> dict[str, int]:
        """Do as `TallyStore.exclusion_versions` does."""
        ...

    async def exclude(self, poll: str, exclusion: Exclusion, ends: Ends) -> bool:
        """Do as `TallyStore.exclude` does."""
        ...


class Excluder:
    """Brings what rulings take up to date, one poll after the other."""

    def __init__(
        self,
        log: RuledLog,
        tally: ExclusionStore,
        ledger_ends: Callable[[], Awaitable[Ends]],
        clock: Callable[[], int],
    ) -> None:
        """`ledger_ends` asks Kafka, `clock` is Unix time in milliseconds."""
        self._log = log
        self._tally = tally
        self._ledger_ends = ledger_ends
        self._clock = clock
        self._ends: dict[str, tuple[int, Ends]] = {}

    async def apply(self, polls: Iterable[Poll]) -> bool:
        """Do what can be done now; return whether nothing is left to do.

        Raises `StoreUnavailableError`, and what `ledger_ends` raises.
        """
        ruled = {poll.id: poll for poll in polls if poll.rulings and exclusion_version(poll)}
        if not ruled:
            return True
        versions = await self._tally.exclusion_versions(list(ruled))
        behind = [p for p in ruled.values() if versions.get(p.id, 0) < exclusion_version(p)]
        if behind:
            RULINGS_WAIT.set(1)  # now: to add up many votes takes minutes
        done = [await self._exclude(poll) for poll in behind]
        return all(done)

    async def _exclude(self, poll: Poll) -> bool:
        ends = await self._ends_of(poll)
        if ends is None or not await self._has_counted(ends):
            return False
        rulings = Rulings(rulings_in_force(poll.rulings))
        with suppress(NotFinalYetError):  # the log was lost, and is filled again
            excluded = await excluded_before(self._log, poll.id, ends, rulings)
            exclusion = Exclusion(exclusion_version(poll), excluded)
            return await self._tally.exclude(poll.id, exclusion, ends)
        return False

    async def _ends_of(self, poll: Poll) -> Ends | None:
        """Return offsets before which lies all that the rulings reach; None if it is too early.

        They reach votes that Kafka appended until they were proposed, by whichever broker's clock.
        """
        if poll.cut is not None:
            return poll.cut
        version = exclusion_version(poll)
        known, ends = self._ends.get(poll.id, (0, ()))
        if known == version:
            return ends
        last_ms = max(one.proposed_at_ms for one in poll.rulings if one.approved)
        if self._clock() <= last_ms + SKEW_MS:
            return None
        ends = await self._ledger_ends()
        self._ends[poll.id] = version, ends
        return ends

    async def _has_counted(self, ends: Ends) -> bool:
        positions = await self._tally.positions(range(len(ends)))
        return all(offset_of(positions[number]) >= end - 1 for number, end in enumerate(ends))
