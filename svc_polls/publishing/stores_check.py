"""Compares a recount of the ledger with what the vote log and the tally have counted."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from voting.domain.tally import PollTally, add_poll_tally
from voting.polls.excluded import exclusion_version
from voting.polls.poll import Poll
from voting.polls.result import counted_keys
from voting.recount.differences import differences
from voting.recount.final_result import LedgerCount
from voting.stores.errors import StoreUnavailableError
from voting.stores.poll_exclusion import RuledLog, final_standings
from voting.stores.poll_result import NotFinalYetError, late_votes
from voting.stores.tally_exclusion import PollStandings

_TRIES: Final = 10
_PAUSE_SECONDS: Final = 1.0


class StoresDifferError(Exception):
    """A store differs from the ledger, or cannot be compared with it; the text says how."""


class LiveTally(Protocol):
    """What is needed of the tally; `TallyReader` has it."""

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollStandings:
        """See `TallyReader.poll_standings`."""
        ...


class StoresCheck:
    """The vote log and the tally, to be compared."""

    def __init__(
        self, log: RuledLog, tally: LiveTally, pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        self._log = log
        self._tally = tally
        self._pause_seconds = pause_seconds

    async def compare(self, poll: Poll, counted: LedgerCount) -> None:
        """Return if both stores agree with what the ledger's records give, and rulings take.

        A store may be behind, or healing, so it is asked several times. Raises
        `StoresDifferError`.
        """
        for left in reversed(range(_TRIES)):
            try:
                await self._compare(poll, counted)
            except StoresDifferError:
                if not left:
                    raise
            else:
                return
            await asyncio.sleep(self._pause_seconds)

    async def _compare(self, poll: Poll, counted: LedgerCount) -> None:
        keys = counted_keys(poll.definition)
        try:
            logged = await final_standings(self._log, poll)
            late = await late_votes(self._log, poll.id, poll.cut or ())
            live = await self._tally.poll_standings(poll.id, keys)
        except (NotFinalYetError, StoreUnavailableError, ValueError) as error:
            raise StoresDifferError(str(error)) from error
        _check("vote log", counted.tally, logged.counted, keys)
        # Votes behind the cut, which no route accepted, are in the tally nevertheless.
        add_poll_tally(late, counted.tally)
        _check("tally", late, live.counted, keys)
        if live.exclusion.version < exclusion_version(poll):
            raise StoresDifferError("the tally does not know all rulings yet")
        for store, found in (("vote log", logged), ("tally", live)):
            if found.exclusion.excluded != counted.excluded:
                expected, total = counted.excluded.total, found.exclusion.excluded.total
                _check(f"{store}, of what rulings exclude", expected, total, keys)
                raise StoresDifferError(f"by the {store} other rulings exclude the same votes")


def _check(store: str, expected: PollTally, found: PollTally, keys: Collection[str]) -> None:
    if said := differences(store, expected, found, keys):
        raise StoresDifferError(said)
