"""Checkpoints: a tree's size and root as text, which a note signs (c2sp.org/tlog-checkpoint)."""

import binascii
import re
from base64 import b64decode, b64encode
from typing import Final, NamedTuple

from voting.merkle.hashes import HASH_BYTES

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class Checkpoint(NamedTuple):
    """What a tree was at one moment; `origin` names the tree: `NAME/PARTITION`."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint with this text, the signatures cut off; raise `ValueError`."""
    origin, size, root, *rest = [*text.split("\n"), "", "", ""]
    if not origin or not _SIZE.fullmatch(size) or any(rest):
        raise ValueError("not a checkpoint: it must have an origin, a size and a root")
    try:
        found = b64decode(root, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not a checkpoint: its root is not base64: {error}") from error
    checkpoint = Checkpoint(origin, int(size), found)
    if len(found) != HASH_BYTES or checkpoint.text != text:
        raise ValueError("not a checkpoint: its text is not as written by one")
    return checkpoint
