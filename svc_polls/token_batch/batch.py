"""Many tokens of one scope, and the file that they are written to."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from errno import EEXIST
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from voting.voters.token import make_token, new_nonce

TOKENS_MAX: Final = 1_000_000

_CHUNK: Final = 1_000

type Row = Sequence[str | int]


def tokens(tag_key: bytes, scope: str, key_number: int, count: int) -> Iterator[str]:
    """Yield tokens of a scope, each with random bytes of its own."""
    for _ in range(count):
        yield make_token(tag_key, scope, new_nonce(), key_number=key_number)


def rows(made: Iterable[str], url: str | None) -> Iterator[Row]:
    """Yield the rows of a file: each token with its number, from 1, and its link to a page."""
    yield ("number", "token") if url is None else ("number", "token", "link")
    for number, token in enumerate(made, 1):
        yield (number, token) if url is None else (number, token, f"{url}#voter={token}")


def write_new_file(file: Path, content: Iterable[Row], on_rows: Callable[[int], None]) -> None:
    """Write rows as CSV to a file that only its owner may read; it appears whole or not at all.

    `on_rows` is called with the number of rows now and then. Raises `FileExistsError`, as tokens
    that were handed out must not be lost, and any other `OSError`.
    """
    if file.exists():
        raise FileExistsError(EEXIST, os.strerror(EEXIST))
    descriptor, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)  # its mode is 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii", newline="") as opened:
            writer = csv.writer(opened, lineterminator="\n")
            written = 0
            content = iter(content)
            while chunk := list(islice(content, _CHUNK)):
                writer.writerows(chunk)
                written += len(chunk)
                on_rows(written)
            opened.flush()
            os.fsync(opened.fileno())
        os.link(name, file)  # unlike a rename, it replaces nothing
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
