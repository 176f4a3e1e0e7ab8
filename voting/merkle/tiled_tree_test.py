from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.merkle.frontier import Frontier
from voting.merkle.proofs import (
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from voting.merkle.testing.naive_tree import naive_root
from voting.merkle.tiled_tree import TiledTree
from voting.merkle.tiles import Tile, nodes_of

_LEAVES = [sha256(number.to_bytes(8)).digest() for number in range(70_000)]


def _grown(sizes: Sequence[int]) -> tuple[TiledTree, dict[Tile, bytes]]:
    """Return a tree that grew to each of these sizes, and its tiles, stored at each of them."""
    stored: dict[Tile, bytes] = {}
    tree = TiledTree(stored.__setitem__)
    for size in sizes:
        tree.extend(_LEAVES[tree.size : size])
        stored |= tree.partials()
        tree = TiledTree.at(tree.size, stored.__getitem__, stored.__setitem__)
    return tree, stored


@given(st.lists(st.integers(0, 1500), min_size=1, max_size=6).map(sorted))
@settings(max_examples=30)
def test_it_is_the_tree_of_the_standard_however_often_it_was_stored(sizes: list[int]) -> None:
    tree, stored = _grown(sizes)
    size = sizes[-1]
    assert tree.size == size
    assert (
        tree.root()
        == naive_root(_LEAVES[:size])
        == tree_root(size, nodes_of(size, stored.__getitem__))
    )


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000])
def test_its_tiles_prove_leaves_and_older_trees(size: int) -> None:
    tree, stored = _grown([size])
    root = tree.root()
    frontier = Frontier()
    frontier.extend(_LEAVES[:size])
    assert frontier.root() == root
    nodes = nodes_of(size, stored.__getitem__)
    for index in {0, size // 3, size - 1}:
        proof = inclusion_proof(index, size, nodes)
        assert verify_inclusion(_LEAVES[index], index, size, proof, root)
        old_root = tree_root(index + 1, nodes)
        proof = consistency_proof(index + 1, size, nodes)
        assert verify_consistency(index + 1, size, proof, old_root, root)


def test_full_tiles_come_in_order_and_are_full() -> None:
    tiles: list[Tile] = []
    tree = TiledTree(lambda tile, data: tiles.append(tile._replace(width=len(data) // 32)))
    tree.extend(_LEAVES[:65_536])
    assert tiles == [*(Tile(0, number) for number in range(256)), Tile(1, 0)]


def test_the_last_leaf_is_known_while_its_tile_is_partial() -> None:
    tree = TiledTree(lambda *_: None)
    assert tree.last_leaf is None
    tree.extend(_LEAVES[:255])
    assert tree.last_leaf == _LEAVES[254]
    tree.extend(_LEAVES[255:256])
    assert tree.last_leaf is None
