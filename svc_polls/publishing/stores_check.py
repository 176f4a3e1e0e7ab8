"""Compares a recount of the ledger with what the vote log and the tally have counted."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from voting.domain.tally import PollTally, add_poll_tally
from voting.polls.poll import Poll
from voting.polls.result import counted_keys
from voting.recount.differences import differences
from voting.stores.errors import StoreUnavailableError
from voting.stores.poll_result import NotFinalYetError, PollLog, late_votes, votes_before_cut

_TRIES: Final = 10
_PAUSE_SECONDS: Final = 1.0


class StoresDifferError(Exception):
    """A store differs from the ledger, or cannot be compared with it; the text says how."""


class LiveTally(Protocol):
    """What is needed of the tally; `TallyReader` has it."""

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollTally:
        """See `TallyReader.poll_standings`."""
        ...


class StoresCheck:
    """The vote log and the tally, to be compared."""

    def __init__(
        self, log: PollLog, tally: LiveTally, pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        self._log = log
        self._tally = tally
        self._pause_seconds = pause_seconds

    async def compare(self, poll: Poll, counted: PollTally) -> None:
        """Return if both stores agree with what the ledger's records give.

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

    async def _compare(self, poll: Poll, counted: PollTally) -> None:
        keys = counted_keys(poll.definition)
        try:
            logged = await votes_before_cut(self._log, poll.id, poll.cut or ())
            late = await late_votes(self._log, poll.id, poll.cut or ())
            live = await self._tally.poll_standings(poll.id, keys)
        except (NotFinalYetError, StoreUnavailableError, ValueError) as error:
            raise StoresDifferError(str(error)) from error
        if found := differences("vote log", counted, logged, keys):
            raise StoresDifferError(found)
        # Votes behind the cut, which no route accepted, are in the tally nevertheless.
        add_poll_tally(late, counted)
        if found := differences("tally", late, live, keys):
            raise StoresDifferError(found)
