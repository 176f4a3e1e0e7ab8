"""Follows the ledger with all trees, and publishes a checkpoint of each that grew."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from svc_notary.ledger_protocol import Ledger
from svc_notary.metrics import (
    CHECKPOINTS,
    HALTED,
    LAG,
    REBUILDING,
    SIGNING,
    SIZE,
    STORE_FAILING,
)
from svc_notary.trees.errors import LedgerReplacedError, StoreDamagedError
from svc_notary.trees.partition_tree import PartitionTree
from svc_notary.trees.tile_store import TileStore
from voting.ledger.errors import LedgerUnavailableError, OutsideLedgerError
from voting.service.backoff import Backoff
from voting.service.lifecycle import Readiness
from voting.signing.keys import SigningKey

_log = logging.getLogger(__name__)

# Full tiles in memory that are published before their time: half a million records, 16 MB.
_PENDING_MAX: Final = 2_000
_LOOK_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 1.0
_RECHECK_SECONDS: Final = 60.0
# The ledger has more, and nothing arrives: a Kafka client may fall silent for good.
_SILENT_SECONDS: Final = 15.0
_WRITE_AGAIN_SECONDS: Final = 1.0


class Notary:
    """All trees in a folder, of which it must be the only user."""

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        key: SigningKey | None,
        readiness: Readiness,
        checkpoint_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trees: dict[int, PartitionTree] = {}
        self._ledger = ledger
        self._folder = folder
        self._key = key
        self._readiness = readiness
        self._checkpoint_seconds = checkpoint_seconds
        self._clock = clock
        self._pauses = Backoff(0.5, 5.0)
        self._connected = False
        self.writable = True
        self._publish_at = self._look_at = self._recheck_at = 0.0
        self._heard_at = 0.0
        SIGNING.set(key is not None)
        STORE_FAILING.set(0)

    async def run(self) -> None:
        """Check the trees in the folder, then follow the ledger for good, through outages."""
        if self._key is None:
            _log.warning("there is no SIGNING_KEY: checkpoints are published, nothing is signed")
        stored = [path.name for path in self._folder.iterdir() if path.name.isdecimal()]
        for number in sorted(map(int, stored)):
            await self._open(number)
        while True:
            try:
                await self._follow()
            except LedgerUnavailableError as error:
                level = logging.WARNING if self._connected else logging.INFO
                _log.log(level, "cannot read the ledger, serving what is there: %s", error)
                self._connected = False
                self._readiness.set_not_ready("the ledger cannot be read")
            finally:
                await self._ledger.stop()
            await asyncio.sleep(self._pauses.pause())

    async def _follow(self) -> None:
        """Read on until the connection fails."""
        partitions = await self._ledger.start()
        for number in range(partitions):
            if number not in self.trees:
                await self._open(number)
        for number, tree in self.trees.items():
            if number < partitions:
                tree.doubt()
                self._ledger.seek(number, tree.next_offset)
            else:
                self._halt(tree, f"the topic has {partitions} partitions only")
        _log.info("following the %d partitions of the ledger", partitions)
        self._connected = True
        self._show_readiness()
        self._pauses.reset()
        now = self._clock()
        self._heard_at = self._look_at = now
        self._recheck_at = now + _RECHECK_SECONDS
        while True:
            await self.step(partitions)

    async def step(self, partitions: int) -> None:
        """Take in what arrives within a moment, and do what is due."""
        if self.writable:
            await self._poll()
        else:
            await asyncio.sleep(_WRITE_AGAIN_SECONDS)
        now = self._clock()
        pending = sum(tree.pending for tree in self.trees.values())
        if now >= self._publish_at or pending >= _PENDING_MAX or not self.writable:
            self._publish_at = now + self._checkpoint_seconds
            await self._publish()
        if now >= self._look_at:
            self._look_at = now + _LOOK_SECONDS
            await self._look(partitions)
        if now >= self._recheck_at:
            self._recheck_at = now + _RECHECK_SECONDS
            self._recheck(partitions)

    async def _open(self, number: int) -> None:
        tree = PartitionTree(number, TileStore(self._folder / str(number)), self._key)
        await _in_thread(tree.open)
        self.trees[number] = tree
        HALTED.labels(number).set(0)
        self._show(tree)

    async def _poll(self) -> None:
        try:
            found = await self._ledger.poll(self._until_due())
        except OutsideLedgerError as error:
            self._halt_outside(error)
            return
        if found:
            self._heard_at = self._clock()
        for number, records in found.items():
            tree = self.trees[number]
            try:
                tree.take(records)
            except LedgerReplacedError as error:
                self._halt(tree, str(error))
            else:
                self._show(tree)

    def _until_due(self) -> float:
        """Return how long records may keep what is due waiting."""
        if not any(tree.halted is None and tree.grown for tree in self.trees.values()):
            return _IDLE_SECONDS
        return min(_IDLE_SECONDS, max(0.0, self._publish_at - self._clock()))

    async def _publish(self) -> None:
        await self._check_ledger()
        for tree in self.trees.values():
            if tree.halted is None and tree.grown:
                await self._publish_tree(tree)

    async def _check_ledger(self) -> None:
        """Halt trees whose ledger is no longer the one that was signed.

        Kafka's clients go on at the same offset of a topic that was replaced. So what was read may
        be signed only if afterwards the record that was signed last is still there.
        """
        offsets = {
            number: offset
            for number, tree in self.trees.items()
            if tree.halted is None and (offset := tree.signed_offset) is not None
        }
        if not offsets:
            return
        try:
            found = await self._ledger.records_at(offsets)
        except OutsideLedgerError as error:
            self._halt_outside(error)
            await self._check_ledger()
            return
        for number, record in found.items():
            tree = self.trees[number]
            try:
                tree.check_signed(record)
            except LedgerReplacedError as error:
                self._halt(tree, str(error))
                await _in_thread(tree.open)  # without what it took of the other ledger

    async def _publish_tree(self, tree: PartitionTree) -> None:
        try:
            await _in_thread(tree.publish)
        except OSError as error:
            if self.writable:
                _log.error("cannot write to %s, trying again: %s", self._folder, error)
            self.writable = False
            STORE_FAILING.set(1)
            self._show_readiness()
        except StoreDamagedError as error:
            _log.error(
                "partition %d: nothing is signed: %s",
                tree.number,
                error,
                extra={"partition": tree.number},
            )
            await _in_thread(tree.open)
            self._ledger.seek(tree.number, tree.next_offset)
        else:
            if not self.writable:
                _log.info("writing to %s again", self._folder)
                self.writable = True
                STORE_FAILING.set(0)
                self._show_readiness()
            CHECKPOINTS.inc()
        self._show(tree)

    async def _look(self, partitions: int) -> None:
        """Compare the trees with the ends of the ledger."""
        ends = await self._ledger.ends()
        if self._ledger.partitions != partitions:
            raise LedgerUnavailableError(f"the topic had {partitions} partitions before")
        behind = False
        for number, end in ends.items():
            tree = self.trees[number]
            size = max(tree.size, tree.published_size)
            if end < size:
                self._halt(tree, f"it ends at offset {end}, and had {size} records")
            elif tree.halted is None and end > tree.next_offset:
                behind = True
        LAG.set(sum(max(0, end - self.trees[n].published_size) for n, end in ends.items()))
        if not behind or not self.writable:
            self._heard_at = self._clock()
        elif self._clock() - self._heard_at > _SILENT_SECONDS:
            raise LedgerUnavailableError("Kafka has records that do not arrive")

    def _recheck(self, partitions: int) -> None:
        """Read the last record of halted trees again: the ledger may be as it was."""
        for number, tree in self.trees.items():
            if tree.halted is not None and number < partitions:
                tree.doubt()
                self._ledger.seek(number, tree.next_offset)

    def _halt_outside(self, error: OutsideLedgerError) -> None:
        for number, offset in error.offsets.items():
            self._halt(self.trees[number], f"there is no record at offset {offset}")

    def _halt(self, tree: PartitionTree, reason: str) -> None:
        self._ledger.pause(tree.number)
        if tree.halted is None:
            _log.error(
                "partition %d of the ledger is not the one that was signed: %s. Nothing more of it "
                "is signed until it is as it was",
                tree.number,
                reason,
                extra={"partition": tree.number},
            )
        tree.halted = reason
        self._show(tree)

    def _show_readiness(self) -> None:
        if self.writable:
            self._readiness.set_ready()
        else:
            self._readiness.set_not_ready(f"{self._folder} cannot be written")

    def _show(self, tree: PartitionTree) -> None:
        HALTED.labels(tree.number).set(tree.halted is not None)
        REBUILDING.labels(tree.number).set(tree.rebuilding)
        SIZE.labels(tree.number).set(tree.published_size)


async def _in_thread(work: Callable[[], None]) -> None:
    """Do work on the folder in a thread; it has ended when this returns, also when cancelled.

    Otherwise it might still write when the folder is given to another notary.
    """
    thread = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise
