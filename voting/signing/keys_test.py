from collections.abc import Callable

import pytest

from voting.signing.keys import (
    InvalidKeyError,
    SigningKey,
    read_signing_key,
    read_verifier_key,
)

# The pair of the documentation of Go's golang.org/x/mod/sumdb/note.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


def test_a_known_pair_is_read_and_written_as_it_is() -> None:
    key = read_signing_key(SIGNER)
    assert key.name == "PeterNeumann"
    assert key.text == SIGNER
    assert str(key.verifier) == VERIFIER
    assert read_verifier_key(VERIFIER) == key.verifier


def test_a_new_pair_is_another_each_time_and_can_be_read() -> None:
    one, other = SigningKey.new("votes.example.org"), SigningKey.new("votes.example.org")
    assert one.text != other.text
    assert read_signing_key(one.text).verifier == one.verifier
    assert read_verifier_key(str(one.verifier)) == one.verifier


def test_nothing_but_the_owner_signs_and_nothing_but_the_message_is_signed() -> None:
    key, other = SigningKey.new("a"), SigningKey.new("a")
    signature = key.sign(b"hi")
    assert key.verifier.verifies(b"hi", signature)
    assert not key.verifier.verifies(b"ho", signature)
    assert not key.verifier.verifies(b"hi", signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not key.verifier.verifies(b"hi", signature[:-1])
    assert not other.verifier.verifies(b"hi", signature)


@pytest.mark.parametrize(
    ("text", "read"), [(VERIFIER, read_verifier_key), (SIGNER, read_signing_key)]
)
def test_a_key_with_one_character_changed_or_a_part_missing_is_none(
    text: str, read: Callable[[str], object]
) -> None:
    changed = [text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :] for at in range(len(text))]
    parts = [text[at:] for at in range(1, len(text))] + [text[:at] for at in range(len(text))]
    for wrong in (*changed, *parts):
        with pytest.raises(InvalidKeyError):
            read(wrong)


@pytest.mark.parametrize(
    "text",
    [
        # Each has an id that fits: a key too long, and an algorithm that is not Ed25519.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_other_kinds_of_keys_are_not_read(text: str) -> None:
    with pytest.raises(InvalidKeyError):
        read_verifier_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "a\x00b", "a" * 101])
def test_a_name_that_a_note_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidKeyError):
        SigningKey.new(name)


def test_the_longest_name_is_taken() -> None:
    assert read_signing_key(SigningKey.new("a" * 100).text).name == "a" * 100


def test_the_secret_is_not_shown_by_accident() -> None:
    assert repr(read_signing_key(SIGNER)) == "SigningKey(PeterNeumann)"
