"""Records of a partition, and its naive tree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from voting.merkle.checkpoint import Checkpoint, read_checkpoint
from voting.merkle.hashes import leaf_hash
from voting.merkle.testing.naive_tree import naive_root
from voting.signing.keys import SigningKey
from voting.signing.note import open_note

KEY: Final = SigningKey("votes.example.org", bytes(range(32)))


class FakeRecord(NamedTuple):
    """A record of the ledger."""

    offset: int
    key: bytes | None
    value: bytes | None


def records(end: int, start: int = 0, kind: str = "vote") -> list[FakeRecord]:
    """Return the records of a partition from `start` to `end`; another kind, another ledger."""
    return [FakeRecord(at, b"%d" % at, f"{kind} {at}".encode()) for at in range(start, end)]


def root_of(found: list[FakeRecord]) -> bytes:
    """Return the root that the tree of these records must have."""
    return naive_root([leaf_hash(*record) for record in found])


def signed_checkpoint(folder: Path) -> Checkpoint:
    """Return the checkpoint in a tree's folder, its signature checked."""
    return read_checkpoint(open_note((folder / "checkpoint").read_bytes(), KEY.verifier))


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Return the files of a tree that anybody can see, by path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
