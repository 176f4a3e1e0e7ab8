from hashlib import sha256

from voting.merkle.hashes import EMPTY_ROOT, hash_of_leaf, leaf_data, leaf_hash, perfect_root
from voting.merkle.testing.vectors import LEAVES, ROOTS


def test_a_leaf_is_the_records_offset_and_hashes_of_its_key_and_value() -> None:
    data = bytes.fromhex("0000000000000102") + sha256(b"id").digest() + sha256(b"vote").digest()
    assert leaf_data(258, b"id", b"vote") == data
    assert leaf_hash(258, b"id", b"vote") == hash_of_leaf(data) == sha256(b"\x00" + data).digest()


def test_a_missing_key_or_value_is_hashed_as_an_empty_one() -> None:
    assert leaf_hash(0, None, None) == leaf_hash(0, b"", b"")
    assert leaf_data(0, None, b"vote") == leaf_data(0, b"", b"vote")


def test_the_published_hashes_come_out() -> None:
    assert ROOTS[0] == EMPTY_ROOT
    assert LEAVES[0] == ROOTS[1]
    assert perfect_root(LEAVES) == ROOTS[8]
    assert perfect_root(LEAVES[:1]) == LEAVES[0]
