"""Rebuilds the tally from the vote log while consumers count and readers read."""

import uuid
from typing import Final

from svc_consumer.repair.audit import (
    Difference,
    LogReader,
    Print,
    TallySnapshot,
    differences,
    number_in,
    offset_in,
)
from svc_consumer.repair.exclusions import (
    ExclusionAudit,
    ExclusionDifference,
    RulingsUnknownError,
)
from voting.stores.errors import NO_POSITION
from voting.stores.tally_correction import CorrectableTally, Move
from voting.stores.tally_fields import counter_fields
from voting.stores.vote_log import VoteLog

_TRIES: Final = 5


class NotRebuiltError(Exception):
    """The tally was lost again and again while it was rebuilt."""


class Rebuild:
    """One rebuild of a tally."""

    def __init__(
        self, log: VoteLog, tally: CorrectableTally, print_line: Print, exclusions: ExclusionAudit
    ) -> None:
        self._log = log
        self._tally = tally
        self._print = print_line
        self._exclusions = exclusions
        self._reader = LogReader(log, print_line)
        self._token = uuid.uuid4().hex

    async def run(self) -> list[Difference | ExclusionDifference]:
        """Return what was wrong and has been corrected.

        Raises `NotRebuiltError`, or `LogBehindError` when the tally has counted votes that the log
        does not have. Either way the tally is unchanged.
        """
        try:
            for _ in range(_TRIES):
                found = await self._try()
                if found is not None:
                    return found
                self._print("the tally was lost in the meantime: starting again")
        finally:
            await self._tally.unmark(self._token)
        raise NotRebuiltError("Redis keeps losing the tally: check its memory and persistence")

    async def _try(self) -> list[Difference | ExclusionDifference] | None:
        """Return what was wrong; None if the tally was lost in the meantime."""
        snapshot = TallySnapshot(await self._tally.mark(self._token))
        wrong = differences(snapshot, await self._reader.upto(snapshot.positions))
        corrections = {d.field: d.logged - number_in(d.counted) for d in wrong}
        moves = await self._moves(snapshot)
        excluded = await self._excluded(snapshot)
        replacements = [one.replacement for one in excluded]
        done = await self._tally.correct(self._token, corrections, moves, replacements)
        return [*wrong, *excluded] if done else None

    async def _excluded(self, snapshot: TallySnapshot) -> list[ExclusionDifference]:
        """Return where what is stored of rulings is wrong; what is missing svc_consumer applies."""
        try:
            found = await self._exclusions.differences(snapshot)
        except RulingsUnknownError as error:
            self._print(f"what rulings take was not checked: {error}")
            return []
        if self._exclusions.unread:
            self._print(f"what rulings take was not checked: {self._exclusions.unread}")
        for one in found:
            if not one.stored:
                self._print(f"poll {one.poll}: svc_consumer applies its rulings")
        return [one for one in found if one.stored]

    async def _moves(self, snapshot: TallySnapshot) -> list[Move]:
        """Return what brings each partition up to the log, in case no consumer does."""
        partitions = {*snapshot.positions, *await self._log.partitions()}
        stored = await self._log.positions(sorted(partitions))
        moves = []
        for partition in sorted(partitions):
            at = snapshot.positions.get(partition, "")
            to = stored[partition].position if partition in stored else NO_POSITION
            if offset_in(to) > offset_in(at):
                lacking = await self._reader.between(partition, at, to)
                self._print(f"partition {partition}: {lacking.votes} more votes, up to {to}")
                moves.append(Move(partition, at, to, counter_fields(lacking)))
        return moves
