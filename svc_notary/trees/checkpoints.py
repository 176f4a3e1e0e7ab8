"""Checkpoints as they are published: signed notes, or the text alone without a key."""

import logging
from typing import Final, NamedTuple

from svc_notary.trees.tile_store import TileStore
from voting.merkle.checkpoint import Checkpoint, read_checkpoint
from voting.signing.keys import SigningKey
from voting.signing.note import InvalidNoteError, names_key, open_note, sign_note

_log = logging.getLogger(__name__)

_SIGNATURES: Final = b"\n\n"


class Published(NamedTuple):
    """A checkpoint that was published; `ours` if it is as we would publish it now."""

    checkpoint: Checkpoint
    ours: bool


def note_of(checkpoint: Checkpoint, key: SigningKey | None) -> bytes:
    """Return a checkpoint as it is published."""
    return sign_note(checkpoint.text, key) if key else checkpoint.text.encode()


def text_of(note: bytes) -> str:
    """Return what a note says, unchecked."""
    text, blank, _ = note.partition(_SIGNATURES)
    return (text + b"\n" if blank else note).decode()


def read_published(store: TileStore, key: SigningKey | None) -> Published | None:
    """Return the checkpoint in a store.

    None if there is none, or if it is not as it was written: that one promises nothing. One that
    another key has signed, or none, is as good as one of ours, and is to be signed again.
    """
    note = store.checkpoint()
    if note is None:
        return None
    try:
        checkpoint = read_checkpoint(text_of(note))
        if key and _SIGNATURES in note and names_key(note, key.verifier):
            open_note(note, key.verifier)
    except (ValueError, InvalidNoteError) as error:
        _log.error("%s: the checkpoint is damaged and ignored: %s", store.folder, error)
        return None
    return Published(checkpoint, ours=note == note_of(checkpoint, key))
