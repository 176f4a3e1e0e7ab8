import pytest

from voting.signing.keys import SigningKey, read_signing_key, read_verifier_key
from voting.signing.note import (
    SIGNATURES_MAX,
    InvalidNoteError,
    names_key,
    open_note,
    sign_note,
)

# The note of the documentation of Go's golang.org/x/mod/sumdb/note, and one of its tests.
PETER = read_signing_key(
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
ENOCH = read_verifier_key("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETERS = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
ENOCHS = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WW"
    "d1RvMc+QQ=\n"
)


def test_a_known_note_is_signed_byte_for_byte() -> None:
    assert sign_note(TEXT, PETER) == f"{TEXT}\n{PETERS}".encode()


def test_each_signer_of_a_note_is_found_and_others_are_ignored() -> None:
    note = f"{TEXT}\n{PETERS}{ENOCHS}".encode()
    assert open_note(note, PETER.verifier) == TEXT
    assert open_note(note, ENOCH) == TEXT


def test_empty_lines_in_a_text_are_part_of_it() -> None:
    text = "Ognuno sta solo sul cuor della terra\n\ned è subito sera.\n"
    assert open_note(sign_note(text, PETER), PETER.verifier) == text


def test_a_key_of_the_same_name_does_not_verify() -> None:
    with pytest.raises(InvalidNoteError, match="has no signature of PeterNeumann"):
        open_note(sign_note(TEXT, PETER), SigningKey.new("PeterNeumann").verifier)


def test_a_note_with_any_byte_changed_does_not_verify() -> None:
    note = sign_note(TEXT, PETER)
    for at in range(len(note)):
        wrong = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        with pytest.raises(InvalidNoteError):
            open_note(wrong, PETER.verifier)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        f"{TEXT}\n{PETERS[:-1]}",
        f"\x01{TEXT}\n{PETERS}",
        f"{TEXT}\n{PETERS}Unexpected line.\n",
        f"{TEXT}\n— Bad Name {PETERS.split()[-1]}\n",
        f"{TEXT}\n— PeterNeumann x08=\n",
        f"{TEXT}\n— PeterNeumann x08goA==\n",
        f"{TEXT}\n{PETERS * (SIGNATURES_MAX + 1)}",
    ],
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    with pytest.raises(InvalidNoteError):
        open_note(note.encode(), PETER.verifier)


def test_as_many_signatures_as_allowed_are_read() -> None:
    note = f"{TEXT}\n{ENOCHS * (SIGNATURES_MAX - 1)}{PETERS}"
    assert open_note(note.encode(), PETER.verifier) == TEXT


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidNoteError, match="UTF-8"):
        open_note(b"\xff" + sign_note(TEXT, PETER), PETER.verifier)


@pytest.mark.parametrize("text", ["", "no line feed", "a\rb\n", "a\tb\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidNoteError):
        sign_note(text, PETER)


def test_whose_signature_a_note_claims_to_have_is_known_without_checking_it() -> None:
    forged = sign_note(TEXT, PETER).replace(b"answer", b"remedy")
    assert names_key(forged, PETER.verifier)
    assert not names_key(forged, SigningKey.new("PeterNeumann").verifier)
    with pytest.raises(InvalidNoteError):
        names_key(TEXT.encode(), PETER.verifier)
