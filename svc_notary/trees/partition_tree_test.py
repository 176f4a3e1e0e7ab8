import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from svc_notary.testing.full_disk import full_after
from svc_notary.testing.records import (
    KEY,
    FakeRecord,
    files_of,
    records,
    root_of,
    signed_checkpoint,
)
from svc_notary.trees.checkpoints import Published
from svc_notary.trees.errors import LedgerReplacedError, StoreDamagedError
from svc_notary.trees.partition_tree import PartitionTree
from svc_notary.trees.tile_store import TileStore
from voting.merkle.checkpoint import Checkpoint, read_checkpoint
from voting.signing.keys import SigningKey

SIZES = [1, 255, 256, 257, 600]


def opened(folder: Path, key: SigningKey | None = KEY) -> PartitionTree:
    tree = PartitionTree(3, TileStore(folder), key)
    tree.open()
    return tree


def read_on(tree: PartitionTree, end: int, kind: str = "vote") -> None:
    """Give a tree what the ledger has for it, and publish that."""
    if found := records(end, tree.next_offset, kind):
        tree.take(found)
    tree.publish()


def published(folder: Path, end: int) -> PartitionTree:
    tree = opened(folder)
    read_on(tree, end)
    return tree


@pytest.mark.parametrize("size", SIZES)
def test_what_is_signed_is_the_tree_of_the_records(tmp_path: Path, size: int) -> None:
    published(tmp_path, size)
    assert signed_checkpoint(tmp_path) == (f"{KEY.name}/3", size, root_of(records(size)))


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_that_was_stored_goes_on_where_it_was(tmp_path: Path, size: int) -> None:
    published(tmp_path, size)
    tree = opened(tmp_path)
    assert (tree.size, tree.next_offset, tree.grown) == (size, size - 1, False)
    read_on(tree, 700)
    assert signed_checkpoint(tmp_path)[1:] == (700, root_of(records(700)))


def test_an_empty_partition_has_a_checkpoint(tmp_path: Path) -> None:
    published(tmp_path, 0)
    assert signed_checkpoint(tmp_path)[1:] == (0, root_of([]))
    read_on(opened(tmp_path), 2)
    assert signed_checkpoint(tmp_path).size == 2


@pytest.mark.parametrize("size", SIZES)
def test_two_stores_get_the_same_files(tmp_path: Path, size: int) -> None:
    published(tmp_path / "one", size)
    published(tmp_path / "two", size)
    assert dict(files_of(tmp_path / "one")) == dict(files_of(tmp_path / "two"))


def test_partial_tiles_go_when_they_are_full(tmp_path: Path) -> None:
    tree = published(tmp_path, 200)
    read_on(tree, 250)
    assert (tmp_path / "tile/0/000.p/200").exists()
    read_on(tree, 300)
    assert sorted(path for path, _ in files_of(tmp_path / "tile")) == [
        "0/000",
        "0/001.p/44",
        "1/000.p/1",
    ]


@pytest.mark.parametrize("size", SIZES)
def test_another_last_record_halts_the_tree(tmp_path: Path, size: int) -> None:
    published(tmp_path, size)
    before = dict(files_of(tmp_path))
    tree = opened(tmp_path)
    with pytest.raises(LedgerReplacedError, match="another than before"):
        tree.take(records(size + 5, size - 1, "other"))
    tree.publish()
    assert dict(files_of(tmp_path)) == before


@pytest.mark.parametrize(
    "found",
    [
        records(12, 10),  # the last one is not read again
        [*records(10, 9), *records(13, 11)],
        records(9, 8),
    ],
)
def test_records_that_do_not_continue_the_tree_are_not_taken(
    tmp_path: Path, found: list[FakeRecord]
) -> None:
    published(tmp_path, 10)
    tree = opened(tmp_path)
    with pytest.raises(LedgerReplacedError, match="instead of all"):
        tree.take(found)
    assert tree.size == 10


def test_a_tree_goes_on_when_the_ledger_is_as_it_was(tmp_path: Path) -> None:
    tree = published(tmp_path, 10)
    tree.doubt()
    with pytest.raises(LedgerReplacedError):
        tree.take(records(12, 9, "other"))
    tree.halted = "replaced"
    read_on(tree, 12)
    assert tree.halted is None
    assert signed_checkpoint(tmp_path).size == 12


def test_nothing_is_signed_before_the_last_record_has_been_read_again(tmp_path: Path) -> None:
    tree = published(tmp_path, 10)
    tree.take(records(12, 10))
    tree.doubt()
    tree.publish()
    assert signed_checkpoint(tmp_path).size == 10
    read_on(tree, 12)
    assert signed_checkpoint(tmp_path).size == 12


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
@pytest.mark.parametrize("file", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_damaged_tiles_are_made_again_from_the_ledger(
    tmp_path: Path, file: str, damage: Callable[[Path], None]
) -> None:
    published(tmp_path, 600)
    before = dict(files_of(tmp_path))
    damage(tmp_path / file)
    tree = opened(tmp_path)
    assert (tree.rebuilding, tree.next_offset) == (True, 0)
    tree.take(records(300))
    tree.publish()
    assert signed_checkpoint(tmp_path).size == 600
    read_on(tree, 600)
    assert not tree.rebuilding
    assert dict(files_of(tmp_path)) == before
    read_on(opened(tmp_path), 700)
    assert signed_checkpoint(tmp_path)[1:] == (700, root_of(records(700)))


def test_tiles_can_be_made_again_past_the_published_checkpoint(tmp_path: Path) -> None:
    published(tmp_path, 300)
    shutil.rmtree(tmp_path / "tile")
    read_on(opened(tmp_path), 900)
    assert signed_checkpoint(tmp_path)[1:] == (900, root_of(records(900)))
    assert not opened(tmp_path).rebuilding


def test_a_replaced_ledger_is_noticed_while_tiles_are_made_again(tmp_path: Path) -> None:
    published(tmp_path, 300)
    _flip(tmp_path / "tile/0/000")
    before = dict(files_of(tmp_path))
    tree = opened(tmp_path)
    tree.take(records(200))
    with pytest.raises(LedgerReplacedError, match="its first 300 records"):
        tree.take(records(400, 200, "other"))
    assert tree.next_offset == 0
    tree.publish()
    assert dict(files_of(tmp_path)) == before
    read_on(tree, 400)
    assert signed_checkpoint(tmp_path)[1:] == (400, root_of(records(400)))


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink])
def test_a_tree_without_a_valid_checkpoint_begins_anew(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    published(tmp_path, 600)
    before = dict(files_of(tmp_path))
    damage(tmp_path / "checkpoint")
    read_on(opened(tmp_path), 600)
    assert dict(files_of(tmp_path)) == before


def test_without_a_key_the_checkpoint_is_its_text(tmp_path: Path) -> None:
    tree = opened(tmp_path, None)
    read_on(tree, 5)
    checkpoint = read_checkpoint((tmp_path / "checkpoint").read_text())
    assert checkpoint == ("unsigned/3", 5, root_of(records(5)))


@pytest.mark.parametrize("before", [None, SigningKey("old.example.org", bytes(32))])
def test_a_new_key_signs_the_same_tree_and_no_other(
    tmp_path: Path, before: SigningKey | None
) -> None:
    tree = opened(tmp_path, before)
    read_on(tree, 5)
    with pytest.raises(LedgerReplacedError):
        opened(tmp_path).take(records(6, 4, "other"))
    read_on(opened(tmp_path), 5)
    assert signed_checkpoint(tmp_path)[1:] == (5, root_of(records(5)))


def test_nothing_is_signed_that_does_not_continue_the_last_checkpoint(tmp_path: Path) -> None:
    tree = published(tmp_path, 300)
    tree.published = Published(Checkpoint(f"{KEY.name}/3", 300, bytes(32)), ours=True)
    tree.take(records(400, 300))
    with pytest.raises(StoreDamagedError, match="do not continue"):
        tree.publish()
    assert signed_checkpoint(tmp_path).size == 300


@pytest.mark.parametrize("writes", [0, 1, 2])
@pytest.mark.parametrize("size", [5, 300])
def test_a_full_disk_leaves_the_old_checkpoint_and_is_tried_again(
    tmp_path: Path, size: int, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = published(tmp_path, 3)
    tree.take(records(size, 3))
    with full_after(writes, monkeypatch), pytest.raises(OSError, match="No space"):
        tree.publish()
    assert signed_checkpoint(tmp_path).size == 3
    assert not list(tmp_path.rglob("*.new"))
    assert opened(tmp_path).size == 3
    tree.publish()
    assert signed_checkpoint(tmp_path)[1:] == (size, root_of(records(size)))
