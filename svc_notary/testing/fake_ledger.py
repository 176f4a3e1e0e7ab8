"""A ledger in memory, whose faults a test chooses."""

import asyncio
from collections.abc import Mapping, Sequence

from svc_notary.testing.records import FakeRecord
from voting.ledger.errors import LedgerUnavailableError, OutsideLedgerError


class FakeLedger:
    """Partitions of records; `away` says why Kafka does not answer."""

    def __init__(self, *partitions: list[FakeRecord]) -> None:
        """Its polls return at once; `waits` has for how long they might have waited."""
        self.waits: list[float] = []
        self.records = list(partitions)
        self.away: str | None = None
        self.paused: set[int] = set()
        self._at: dict[int, int] = {}

    @property
    def partitions(self) -> int:
        """How many partitions there are."""
        return len(self.records)

    async def start(self) -> int:
        """Connect."""
        self._check()
        self._at, self.paused = {}, set(range(self.partitions))
        return self.partitions

    def seek(self, partition: int, offset: int) -> None:
        """Read from there."""
        self._at[partition] = offset
        self.paused.discard(partition)

    def pause(self, partition: int) -> None:
        """Stop reading a partition."""
        self.paused.add(partition)

    async def poll(self, wait_seconds: float) -> Mapping[int, Sequence[FakeRecord]]:
        """Return at most 100 records of each partition."""
        self.waits.append(wait_seconds)
        await asyncio.sleep(0)
        self._check()
        reading = {p: at for p, at in self._at.items() if p not in self.paused}
        if outside := {p: at for p, at in reading.items() if at > len(self.records[p])}:
            raise OutsideLedgerError(outside)
        found = {p: self.records[p][at : at + 100] for p, at in reading.items()}
        for partition, records in found.items():
            self._at[partition] += len(records)
        return {p: records for p, records in found.items() if records}

    async def records_at(self, offsets: Mapping[int, int]) -> Mapping[int, FakeRecord]:
        """Return these records as they are now."""
        await asyncio.sleep(0)
        self._check()
        if outside := {p: at for p, at in offsets.items() if at >= len(self.records[p])}:
            raise OutsideLedgerError(outside)
        return {p: self.records[p][at] for p, at in offsets.items()}

    async def ends(self) -> Mapping[int, int]:
        """Return where the partitions end."""
        self._check()
        return {p: len(records) for p, records in enumerate(self.records)}

    async def stop(self) -> None:
        """Disconnect."""

    def _check(self) -> None:
        if self.away is not None:
            raise LedgerUnavailableError(self.away)
