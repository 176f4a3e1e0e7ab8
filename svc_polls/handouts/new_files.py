"""Files of secrets: only their owner may read them, and they appear whole or not at all."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from errno import EEXIST
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Final

_CHUNK: Final = 1_000

type Row = Sequence[str | int]


def write_new_files(contents: Mapping[Path, Iterable[str]]) -> None:
    """Write texts to files that do not exist yet: all of them or none.

    Raises `FileExistsError`, as what was handed out must not be lost, and any other `OSError`; its
    `filename` is the file's.
    """
    for file in contents:
        if file.exists():
            raise FileExistsError(EEXIST, os.strerror(EEXIST), file)
    with ExitStack() as leftovers:
        written = {}
        for file, content in contents.items():
            try:
                descriptor, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mode 0600
            except OSError as error:
                raise _about(file, error) from error
            written[file] = Path(name)
            leftovers.callback(written[file].unlink)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
                try:
                    opened.writelines(content)
                    opened.flush()
                    os.fsync(opened.fileno())
                except OSError as error:
                    raise _about(file, error) from error
        with ExitStack() as appeared:
            for file, temporary in written.items():
                try:
                    os.link(temporary, file)  # unlike a rename, it replaces nothing
                except OSError as error:
                    raise _about(file, error) from error
                appeared.callback(file.unlink)
            appeared.pop_all()


def csv_texts(rows: Iterable[Row], on_rows: Callable[[int], None]) -> Iterator[str]:
    """Yield rows as CSV; `on_rows` is called with the number of rows now and then."""
    written = 0
    rows = iter(rows)
    while chunk := list(islice(rows, _CHUNK)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(chunk)
        yield text.getvalue()
        written += len(chunk)
        on_rows(written)


def _about(file: Path, error: OSError) -> OSError:
    return OSError(error.errno, error.strerror, file)
