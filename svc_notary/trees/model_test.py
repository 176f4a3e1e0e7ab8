"""Any order of records, checkpoints, crashes, damages and replaced ledgers: no fork is signed."""

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

import pytest

from svc_notary.testing.full_disk import full_after
from svc_notary.testing.records import KEY, records, root_of, signed_checkpoint
from svc_notary.trees.errors import LedgerReplacedError, StoreDamagedError
from svc_notary.trees.partition_tree import PartitionTree
from svc_notary.trees.tile_store import TileStore

_STEPS: Final = (
    "append",
    "read",
    "read",
    "publish",
    "crash",
    "full",
    "damage",
    "replace",
    "restore",
)


class _Trial:
    """A tree, its ledger, and all that it has signed."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder, self.random = folder, random
        self.length, self.kind = 0, "vote"
        self.signed = 0
        self.crash()

    def step(self, name: str) -> None:
        getattr(self, name)()
        found = signed_checkpoint(self.folder)
        assert found.root == root_of(records(found.size))
        assert found.size >= self.signed
        self.signed = found.size

    def append(self) -> None:
        self.length += self.random.choice([1, 2, 100, 256, 300])

    def read(self) -> None:
        start = self.tree.next_offset
        end = min(self.length, start + self.random.choice([1, 50, 400]))
        if found := records(end, start, self.kind):
            try:
                self.tree.take(found)
            except LedgerReplacedError:
                assert self.kind == "other" or self.tree.rebuilding
                self.tree.doubt()

    def publish(self) -> None:
        if self.kind == "other" and not self.signed:
            return  # nothing was signed yet: it would be right to sign this one
        try:
            self.tree.publish()
        except StoreDamagedError:
            self.crash()

    def crash(self) -> None:
        self.tree = PartitionTree(3, TileStore(self.folder), KEY)
        self.tree.open()
        if not self.signed:
            self.tree.publish()

    def full(self) -> None:
        writes = self.random.randrange(4)
        with pytest.MonkeyPatch.context() as patch, full_after(writes, patch), suppress(OSError):
            self.publish()

    def damage(self) -> None:
        files = [
            path for path in self.folder.rglob("*") if path.is_file() and path.name != "checkpoint"
        ]
        if files:
            file = self.random.choice(sorted(files))
            content = bytearray(file.read_bytes())
            content[self.random.randrange(len(content))] ^= 1
            file.write_bytes(content)
            self.crash()

    def replace(self) -> None:
        if self.signed:
            self.kind = "other"
            self.tree.doubt()

    def restore(self) -> None:
        self.kind = "vote"
        self.tree.doubt()


@pytest.mark.parametrize("seed", range(40))
def test_every_checkpoint_is_of_the_one_ledger(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    trial = _Trial(tmp_path, random)
    for _ in range(80):
        trial.step(random.choice(_STEPS))
    trial.restore()
    trial.crash()
    for _ in range(1000):
        trial.read()
        trial.publish()
        if trial.tree.next_offset == trial.length:
            break
    trial.step("publish")
    assert trial.signed == trial.length
