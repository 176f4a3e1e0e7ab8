"""Compares what the tally says that rulings take with the vote log and the log of polls."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from svc_consumer.repair.audit import LogBehindError, TallySnapshot, offset_in
from voting.ledger.errors import EndsUnknownError, PartitionUnreadableError
from voting.polls.book import BrokenLogError
from voting.polls.excluded import Excluded, Rulings, exclusion_version
from voting.polls.poll import Poll
from voting.polls.ruling import rulings_in_force
from voting.stores.poll_exclusion import excluded_before
from voting.stores.poll_result import NotFinalYetError
from voting.stores.tally_correction import Replacement
from voting.stores.tally_exclusion import Exclusion, read_exclusion
from voting.stores.tally_fields import exclusion_field
from voting.stores.vote_log import VoteLog

type ReadPolls = Callable[[], Awaitable[Mapping[str, Poll]]]

_PATIENCE_SECONDS: Final = 15.0
_RETRY_SECONDS: Final = 0.25
_UNREADABLE: Final = (EndsUnknownError, PartitionUnreadableError, BrokenLogError)


class RulingsUnknownError(Exception):
    """The log of polls cannot be read, so what rulings take cannot be checked."""


class ExclusionDifference(NamedTuple):
    """What rulings take of a poll is not what the tally says; `expected` is None for nothing."""

    poll: str
    stored: str
    expected: Exclusion | None

    def __str__(self) -> str:
        return f"poll {self.poll}: {self._said} are excluded in the tally, {self._right} by rulings"

    @property
    def replacement(self) -> Replacement:
        """What puts it right; svc_consumer applies again what is removed."""
        expected = "" if self.expected is None else self.expected.encode()
        return Replacement(exclusion_field(self.poll), self.stored, expected)

    @property
    def _said(self) -> str:
        found = _read(self.stored)
        return "unreadable votes" if found is None else f"{found.excluded.total.votes} votes"

    @property
    def _right(self) -> int:
        return 0 if self.expected is None else self.expected.excluded.total.votes


class ExclusionAudit:
    """Checks the rulings of all polls in a snapshot of the tally."""

    def __init__(self, log: VoteLog, read_polls: ReadPolls) -> None:
        self.unread = ""
        """Why nothing was checked, if the tally has no exclusions."""
        self._log = log
        self._read_polls = read_polls

    async def settled(
        self,
        take: Callable[[], Awaitable[TallySnapshot]],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> TallySnapshot:
        """Return a snapshot that has all rulings, or the last one when they take too long."""
        polls = await self._polls(await take())
        begun = time.monotonic()
        while True:
            snapshot = await take()
            waiting = any(
                _version(snapshot, poll) < exclusion_version(poll) for poll in polls.values()
            )
            if not waiting or time.monotonic() - begun > patience_seconds:
                return snapshot
            await asyncio.sleep(_RETRY_SECONDS)

    async def differences(self, snapshot: TallySnapshot) -> list[ExclusionDifference]:
        """Return what is wrong; a ruling that is not applied yet is, too.

        Raises `RulingsUnknownError`, `LogBehindError` or `StoreUnavailableError`.
        """
        polls = await self._polls(snapshot)
        stored = snapshot.exclusions
        ruled = {poll.id for poll in polls.values() if exclusion_version(poll)}
        found = []
        for poll_id in sorted(stored.keys() | ruled):
            expected = await self._expected(polls.get(poll_id), snapshot)
            text = stored.get(poll_id, "")
            if expected is None or _read(text) != expected:
                # What cannot be read may be of another moment: svc_consumer has to apply it anew.
                is_current = (was := _read(text)) and expected and was.version == expected.version
                found.append(ExclusionDifference(poll_id, text, expected if is_current else None))
        return found

    async def _polls(self, snapshot: TallySnapshot) -> Mapping[str, Poll]:
        try:
            polls = await self._read_polls()
        except _UNREADABLE as error:
            if not snapshot.exclusions:  # probably nobody has ruled, and other things are checked
                self.unread = f"the log of polls cannot be read: {error}"
                return {}
            raise RulingsUnknownError(f"the log of polls cannot be read: {error}") from error
        self.unread = ""
        return polls

    async def _expected(self, poll: Poll | None, snapshot: TallySnapshot) -> Exclusion | None:
        """Return what rulings take of the votes that the snapshot has counted."""
        if poll is None or not exclusion_version(poll):
            return None
        positions = snapshot.positions
        partitions = range(max(positions, default=-1) + 1)
        counted = [offset_in(positions.get(number, "")) + 1 for number in partitions]
        rulings = Rulings(rulings_in_force(poll.rulings))
        try:
            excluded = await excluded_before(self._log, poll.id, poll.cut or counted, rulings)
        except NotFinalYetError as error:
            raise LogBehindError(str(error)) from error
        return Exclusion(exclusion_version(poll), excluded)


def _version(snapshot: TallySnapshot, poll: Poll) -> int:
    found = _read(snapshot.exclusions.get(poll.id, ""))
    return 0 if found is None else found.version


def _read(stored: str) -> Exclusion | None:
    """Return what a field holds; None if it is missing or cannot be read."""
    try:
        return read_exclusion(stored) if stored else Exclusion(0, Excluded())
    except ValueError:
        return None
