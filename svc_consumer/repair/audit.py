"""Compares the tally with the vote log at the same positions, while both go on.

The tally's hash is read at one moment: counters, and the positions they reach to. The log has every
vote up to those positions, and those votes no longer change, so their sum must be the same.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from voting.domain.tally import UNIT_SEPARATOR, Tally, add_tally
from voting.stores.errors import NO_POSITION
from voting.stores.log_slices import slices
from voting.stores.tally_fields import (
    POLL_FIELDS,
    POLL_PREFIX,
    counter_fields,
    is_ours,
    partition_in_field,
    poll_field_count,
    poll_in_exclusion,
)
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

_PATIENCE_SECONDS: Final = 60.0
_RETRY_SECONDS: Final = 0.2
_TRIES: Final = 20
_SLICES_PER_LINE: Final = 5
_NUMBER: Final = re.compile(r"-?[0-9]+")
_OFFSET: Final = re.compile(r"(-1|[0-9]+):")

type Print = Callable[[str], None]


class LogBehindError(Exception):
    """The vote log is behind the tally and does not catch up in time."""


class TallySnapshot(NamedTuple):
    """The hash of the tally at one moment."""

    fields: Mapping[str, str]

    @property
    def positions(self) -> dict[int, str]:
        """The position of each partition."""
        found = ((partition_in_field(field), value) for field, value in self.fields.items())
        return {partition: value for partition, value in found if partition is not None}

    @property
    def counters(self) -> dict[str, str]:
        """Every other field of ours, even if its value is not a number, but no exclusions."""
        return {
            field: value
            for field, value in self.fields.items()
            if is_ours(field)
            and partition_in_field(field) is None
            and poll_in_exclusion(field) is None
        }

    @property
    def exclusions(self) -> dict[str, str]:
        """What rulings take, as it is stored, by poll."""
        found = ((poll_in_exclusion(field), value) for field, value in self.fields.items())
        return {poll: value for poll, value in found if poll is not None}


class Difference(NamedTuple):
    """A counter that differs from the log; `counted` is the stored value, None if missing."""

    field: str
    logged: int
    counted: str | None

    def __str__(self) -> str:
        what = "fields of polls" if self.field == POLL_FIELDS else _readable(self.field)
        return f"{what}: {self.counted or 0} in the tally, {self.logged} in the vote log"


class LogReader:
    """Adds up parts of a vote log while consumers write to it."""

    def __init__(
        self, log: VoteLog, print_line: Print, patience: float = _PATIENCE_SECONDS
    ) -> None:
        """Give a log that is behind `patience` seconds to catch up."""
        self._log = log
        self._print = print_line
        self._patience = patience

    async def upto(self, positions: Mapping[int, str]) -> Tally:
        """Return the tally of all votes up to these positions, by partition.

        Raises `LogBehindError` when the log does not have them in time.
        """
        tally = Tally()
        for partition, position in sorted(positions.items()):
            part = await self.between(partition, NO_POSITION, position)
            self._print(
                f"partition {partition}: {part.votes} votes in the vote log, up to {position}"
            )
            add_tally(tally, part)
        return tally

    async def between(self, partition: int, after: str, upto: str) -> Tally:
        """Return the tally of a partition's votes between two positions; raises like `upto`."""
        last = offset_in(upto)
        for _ in range(_TRIES):
            owner = await self._owner(partition, last)
            tally = Tally()
            for number, (start, end) in enumerate(slices(offset_in(after), last), 1):
                add_tally(tally, (await self._log.sum_up(partition, start, end)).tally)
                if number % _SLICES_PER_LINE == 0:
                    self._print(f"partition {partition}: read to offset {end} of {last}")
            # If the log was lost in between, it has another owner by the time it is that far again.
            if owner == await self._owner(partition, last):
                return tally
        raise LogBehindError(f"partition {partition} of the vote log keeps changing owners")

    async def _owner(self, partition: int, offset: int) -> str:
        """Wait until the log has this offset; return the partition's owner."""
        if offset < 0:
            return ""
        began, reported = time.monotonic(), False
        while True:
            stored = (await self._log.positions([partition])).get(partition)
            if stored is not None and offset_in(stored.position) >= offset:
                return stored.owner
            at = NO_POSITION if stored is None else stored.position
            behind = f"partition {partition}: the vote log is at {at}, the tally at {offset}"
            if time.monotonic() - began > self._patience:
                raise LogBehindError(behind)
            if not reported:
                self._print(f"waiting: {behind}")
            reported = True
            await asyncio.sleep(_RETRY_SECONDS)


async def read_snapshot(tally: TallyStore) -> TallySnapshot:
    """Return the current hash of the tally."""
    return TallySnapshot(await tally.fields())


def differences(snapshot: TallySnapshot, logged: Tally) -> list[Difference]:
    """Return the counters that differ from the log's sum."""
    expected = counter_fields(logged)
    if of_polls := poll_field_count(expected) + len(snapshot.exclusions):
        expected[POLL_FIELDS] = of_polls
    counters = snapshot.counters
    return [
        Difference(field, expected.get(field, 0), counters.get(field))
        for field in sorted(expected.keys() | counters.keys())
        if counters.get(field) != str(expected.get(field))
    ]


def _readable(field: str) -> str:
    """Return what a counter is, in words."""
    poll = ""
    if field.startswith(POLL_PREFIX):
        poll, _, field = field.removeprefix(POLL_PREFIX).partition(UNIT_SEPARATOR)
    kind, _, name = field.partition(":")
    what = {"v": "votes of", "s": "rank sum of", "r": "votes of the route"}.get(kind, kind)
    if poll:
        return f"poll {poll}: {what} {name.replace('@', ' from class ')}"
    return f"{what} {name.replace(UNIT_SEPARATOR, ' / ')}"


def number_in(counter: str | None) -> int:
    """Return the value of a counter; 0 if it is not a number."""
    return int(counter) if counter and _NUMBER.fullmatch(counter) else 0


def offset_in(position: str) -> int:
    """Return the offset of a position; -1 if it is malformed."""
    found = _OFFSET.match(position)
    return int(found[1]) if found else -1
