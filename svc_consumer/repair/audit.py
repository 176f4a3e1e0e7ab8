"""Holds the tally against the vote log at the same positions, while both go on.

The hash of the tally is read at one moment: counters, and the positions they reach to. The log has
every vote up to those positions, and they do not change any more: their sum must be the same.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from voting.domain.tally import UNIT_SEPARATOR, Tally, add_tally
from voting.stores.errors import NO_POSITION
from voting.stores.log_slices import slices
from voting.stores.tally_fields import counter_fields, is_ours, partition_in_field
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

_PATIENCE_SECONDS: Final = 60.0
_RETRY_SECONDS: Final = 0.2
_TRIES: Final = 20
_SLICES_PER_LINE: Final = 5
_NUMBER: Final = re.compile(r"-?[0-9]+")
_OFFSET: Final = re.compile(r"(-1|[0-9]+):")

type Say = Callable[[str], None]


class LogBehindError(Exception):
    """The vote log does not have what it would be compared with, and does not get it in time."""


class Snapshot(NamedTuple):
    """The hash of the tally at one moment."""

    fields: Mapping[str, str]

    @property
    def positions(self) -> dict[int, str]:
        """The position of each partition."""
        found = ((partition_in_field(field), value) for field, value in self.fields.items())
        return {partition: value for partition, value in found if partition is not None}

    @property
    def counters(self) -> dict[str, str]:
        """What is no position, whether or not it can be read as a counter."""
        ours = (
            (f, v) for f, v in self.fields.items() if is_ours(f) and partition_in_field(f) is None
        )
        return dict(ours)


class Difference(NamedTuple):
    """A counter that is not what it should be; `counted` is as stored, None when it is not."""

    field: str
    logged: int
    counted: str | None

    def __str__(self) -> str:
        kind, _, name = self.field.partition(":")
        what = {"v": "votes of", "s": "rank sum of", "r": "votes of the route"}.get(kind, kind)
        readable = " / ".join(name.split(UNIT_SEPARATOR))
        return f"{what} {readable}: {self.counted or 0} in the tally, {self.logged} in the vote log"


class LogReader:
    """Adds up parts of a vote log that consumers go on to write to."""

    def __init__(self, log: VoteLog, say: Say, patience: float = _PATIENCE_SECONDS) -> None:
        """`patience` is how long, in seconds, a log that is behind may take to catch up."""
        self._log = log
        self._say = say
        self._patience = patience

    async def upto(self, positions: Mapping[int, str]) -> Tally:
        """Return the tally of all votes up to these positions, by partition.

        Raises `LogBehindError` when the log does not have them in time.
        """
        tally = Tally()
        for partition, position in sorted(positions.items()):
            part = await self.between(partition, NO_POSITION, position)
            self._say(
                f"partition {partition}: {part.votes} votes in the vote log, up to {position}"
            )
            add_tally(tally, part)
        return tally

    async def between(self, partition: int, after: str, upto: str) -> Tally:
        """Return the tally of a partition's votes between two positions; errors as `upto`."""
        last = offset_in(upto)
        for _ in range(_TRIES):
            owner = await self._owner(partition, last)
            tally = Tally()
            for number, (start, end) in enumerate(slices(offset_in(after), last), 1):
                add_tally(tally, (await self._log.sum_up(partition, start, end)).tally)
                if number % _SLICES_PER_LINE == 0:
                    self._say(f"partition {partition}: read to offset {end} of {last}")
            # A log that was lost meanwhile has another owner when it is that far again.
            if owner == await self._owner(partition, last):
                return tally
        raise LogBehindError(f"partition {partition} of the vote log keeps changing owners")

    async def _owner(self, partition: int, offset: int) -> str:
        """Return whose log it is, as soon as it has this offset."""
        if offset < 0:
            return ""
        began, told = time.monotonic(), False
        while True:
            stored = (await self._log.positions([partition])).get(partition)
            if stored is not None and offset_in(stored.position) >= offset:
                return stored.owner
            at = NO_POSITION if stored is None else stored.position
            behind = f"partition {partition}: the vote log is at {at}, the tally at {offset}"
            if time.monotonic() - began > self._patience:
                raise LogBehindError(behind)
            if not told:
                self._say(f"waiting: {behind}")
            told = True
            await asyncio.sleep(_RETRY_SECONDS)


async def read_snapshot(tally: TallyStore) -> Snapshot:
    """Return the tally as it stands now."""
    return Snapshot(await tally.fields())


def differences(snapshot: Snapshot, logged: Tally) -> list[Difference]:
    """Return the counters that are not what the log adds up to."""
    expected = counter_fields(logged)
    counters = snapshot.counters
    return [
        Difference(field, expected.get(field, 0), counters.get(field))
        for field in sorted(expected.keys() | counters.keys())
        if counters.get(field) != str(expected.get(field))
    ]


def number_in(counter: str | None) -> int:
    """Return what a counter stands for; 0 when it cannot be read."""
    return int(counter) if counter and _NUMBER.fullmatch(counter) else 0


def offset_in(position: str) -> int:
    """Return the offset of a position; -1 when it cannot be read."""
    found = _OFFSET.match(position)
    return int(found[1]) if found else -1
