from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.merkle.proofs import (
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from voting.merkle.testing.naive_tree import (
    naive_consistency,
    naive_inclusion,
    naive_nodes,
    naive_root,
)
from voting.merkle.testing.vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS

_OTHER = bytes(32)
_MANY = [bytes([number]) * 32 for number in range(1, 40)]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_proofs_of_inclusion_come_out(index: int, size: int) -> None:
    proof = inclusion_proof(index, size, naive_nodes(LEAVES))
    assert [hashed.hex() for hashed in proof] == list(INCLUSION[index, size])
    assert verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_published_proofs_of_consistency_come_out(old: int, new: int) -> None:
    proof = consistency_proof(old, new, naive_nodes(LEAVES))
    assert [hashed.hex() for hashed in proof] == list(CONSISTENCY[old, new])
    assert verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])


def test_every_proof_of_small_trees_is_the_standards_and_holds() -> None:
    for size in range(1, len(_MANY) + 1):
        leaves = _MANY[:size]
        nodes, root = naive_nodes(leaves), naive_root(leaves)
        assert tree_root(size, nodes) == root
        for number in range(size):
            proof = inclusion_proof(number, size, nodes)
            assert proof == naive_inclusion(number, leaves)
            assert verify_inclusion(leaves[number], number, size, proof, root)
            old_root = naive_root(leaves[: number + 1])
            proof = consistency_proof(number + 1, size, nodes)
            assert proof == naive_consistency(number + 1, leaves)
            assert verify_consistency(number + 1, size, proof, old_root, root)


@dataclass(frozen=True)
class _Claim:
    """What a proof of inclusion is checked with."""

    leaf: bytes
    index: int
    size: int
    proof: tuple[bytes, ...]
    root: bytes

    @property
    def holds(self) -> bool:
        return verify_inclusion(self.leaf, self.index, self.size, self.proof, self.root)


@given(st.data())
def test_a_proof_of_inclusion_holds_for_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(_MANY)))
    index = data.draw(st.integers(0, size - 1))
    nodes = naive_nodes(_MANY)
    proof = tuple(inclusion_proof(index, size, nodes))
    claim = _Claim(_MANY[index], index, size, proof, tree_root(size, nodes))
    assert claim.holds
    assert not replace(claim, leaf=_OTHER).holds
    assert not replace(claim, root=_OTHER).holds
    assert not replace(claim, proof=(*proof, _OTHER)).holds
    for other in range(-1, size + 1):
        assert replace(claim, index=other).holds == (other == index)
    for at in range(len(proof)):
        assert not replace(claim, proof=(*proof[:at], _OTHER, *proof[at + 1 :])).holds
        assert not replace(claim, proof=(*proof[:at], *proof[at + 1 :])).holds


@given(st.data())
def test_a_proof_of_consistency_holds_for_no_other_trees(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, len(_MANY)))
    old = data.draw(st.integers(1, new))
    nodes = naive_nodes(_MANY)
    old_root, new_root = tree_root(old, nodes), tree_root(new, nodes)
    proof = consistency_proof(old, new, nodes)
    assert verify_consistency(old, new, proof, old_root, new_root)
    assert not verify_consistency(old, new, proof, _OTHER, new_root)
    assert not verify_consistency(old, new, proof, old_root, _OTHER)
    assert not verify_consistency(old, new, [*proof, _OTHER], old_root, new_root)
    assert not verify_consistency(new + 1, new, proof, old_root, new_root)
    for at in range(len(proof)):
        other = [*proof[:at], _OTHER, *proof[at + 1 :]]
        assert not verify_consistency(old, new, other, old_root, new_root)
        assert not verify_consistency(old, new, proof[:at] + proof[at + 1 :], old_root, new_root)


def test_each_tree_begins_with_the_empty_one() -> None:
    assert verify_consistency(0, 8, [], ROOTS[0], ROOTS[8])
    assert not verify_consistency(0, 8, [], ROOTS[1], ROOTS[8])
    assert verify_consistency(0, 0, [], ROOTS[0], ROOTS[0])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="none with index"):
        inclusion_proof(index, size, naive_nodes(_MANY))


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_proof_for_a_tree_that_is_no_beginning(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        consistency_proof(old, new, naive_nodes(_MANY))
