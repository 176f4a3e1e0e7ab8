import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.merkle.frontier import Frontier
from voting.merkle.testing.naive_tree import naive_root
from voting.merkle.testing.vectors import LEAVES, ROOTS

_HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=80)


def test_the_published_roots_come_out_leaf_by_leaf() -> None:
    tree = Frontier()
    assert tree.root() == ROOTS[0]
    for size, leaf in enumerate(LEAVES, start=1):
        tree.append(leaf)
        assert (tree.size, tree.root()) == (size, ROOTS[size])


@given(_HASHES, st.integers(0, 80))
def test_it_is_the_tree_of_the_standard_also_when_it_was_stored_in_between(
    leaves: list[bytes], stored_at: int
) -> None:
    first = Frontier()
    first.extend(leaves[:stored_at])
    tree = Frontier(first.size, first.hashes)
    tree.extend(leaves[stored_at:])
    assert tree.size == len(leaves)
    assert tree.root() == naive_root(leaves)


@pytest.mark.parametrize(("size", "hashes"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_a_size_that_does_not_fit_the_hashes_is_refused(size: int, hashes: int) -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Frontier(size, [bytes(32)] * hashes)
