"""The program's own parts, against the libraries that the system uses."""

from hashlib import sha512
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example as with_values
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.testing.published import KEY
from verify.verify_result import (
    CheckError,
    PublicKey,
    Tree,
    ed25519_verifies,
    open_note,
    protobuf_fields,
    read_vote,
)
from voting.domain.codec import encode_vote
from voting.domain.codec import read_vote as systems_read_vote
from voting.domain.vote import InvalidVoteError, partition_of
from voting.merkle.frontier import Frontier
from voting.signing.note import sign_note
from voting.testing.examples import vote_with
from voting.testing.polls import POLL

PUBLIC: Final = str(KEY.verifier)


@settings(max_examples=30)
@given(st.binary(max_size=100), st.integers(0, 63), st.integers(1, 255))
def test_ed25519_agrees_with_openssl(message: bytes, at: int, change: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(sha512(message).digest()[:32])
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519_verifies(public, message, signature)
    assert not ed25519_verifies(public, message + b"x", signature)
    wrong = signature[:at] + bytes([signature[at] ^ change]) + signature[at + 1 :]
    assert not ed25519_verifies(public, message, wrong)


# RFC 8032, section 7.1, tests 1 to 3.
@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_ed25519_of_the_standard(public: str, message: str, signature: str) -> None:
    parts = [bytes.fromhex(text) for text in (public, message, signature)]
    assert ed25519_verifies(*parts)
    too_large = (int.from_bytes(parts[2][32:], "little") + 2**252).to_bytes(32, "little")
    assert not ed25519_verifies(parts[0], parts[1], parts[2][:32] + too_large)


@pytest.mark.parametrize("public", [b"", bytes(31), b"\xff" * 32, (2).to_bytes(32, "little")])
def test_what_is_no_key_verifies_nothing(public: bytes) -> None:
    assert not ed25519_verifies(public, b"", bytes(64))


def test_notes_are_those_of_the_system() -> None:
    note = sign_note("one\n\ntwo\n", KEY)
    assert open_note(note, PublicKey.read(PUBLIC)) == b"one\n\ntwo\n"
    for at in range(len(note)):
        wrong = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        with pytest.raises(CheckError):
            open_note(wrong, PublicKey.read(PUBLIC))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_trees_are_those_of_the_system(leaves: list[bytes]) -> None:
    tree, systems = Tree(), Frontier()
    for leaf in leaves:
        tree.append(leaf)
        systems.append(leaf)
    assert tree.root() == systems.root()


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_an_error(data: bytes) -> None:
    try:
        protobuf_fields(data)
    except CheckError:
        return


VOTE: Final = vote_with(poll=POLL, entry="moon", poll_event=2, voter_class=1)
PARTITIONS: Final = 12
PARTITION: Final = partition_of(VOTE.id, PARTITIONS)


@given(st.integers(0, 200), st.binary(max_size=3), st.booleans())
@with_values(118, b"\x0b\xcc\x00", False)  # a group that ends as another one
def test_a_record_is_a_vote_where_it_is_one_for_the_system(
    at: int, piece: bytes, inserted: bool
) -> None:
    value = encode_vote(VOTE)
    at = min(at, len(value))
    value = value[:at] + piece + value[at if inserted else at + len(piece) :]
    key = VOTE.id.encode()
    found = read_vote(key, value, PARTITION, PARTITIONS)
    try:
        expected = systems_read_vote(key, value, PARTITION, PARTITIONS)
    except InvalidVoteError:
        assert found is None
        return
    assert found is not None
    assert (found.id, found.poll, found.rank) == (expected.id, expected.poll, expected.rank)
    assert (found.entry if found.poll else "") == expected.entry
    assert (found.voter_class, found.route) == (expected.voter_class, expected.route)
