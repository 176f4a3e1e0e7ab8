"""Writes rows as CSV, as JSON Lines, and as Parquet, a bounded number of them at a time."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from svc_polls.export.rows import Row

BATCH_ROWS: Final = 10_000
_GROUP_BATCHES: Final = 10  # a row group of Parquet has 100,000 rows

type WriteRows = Callable[[Sequence[Row]], None]
"""Appends rows to a file."""

# What makes a spreadsheet take a cell for a formula, also in full-width forms.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Return a text as a cell that no spreadsheet runs: an apostrophe goes before a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


@contextmanager
def csv_file(file: BinaryIO) -> Iterator[WriteRows]:
    """Write CSV as RFC 4180 describes it, in UTF-8."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)

    def flush() -> None:
        file.write(lines.getvalue().encode())
        lines.seek(0)
        lines.truncate()

    def write(rows: Sequence[Row]) -> None:
        writer.writerows(
            row._replace(name=harmless(row.name), album=harmless(row.album)) for row in rows
        )
        flush()

    writer.writerow(Row._fields)
    flush()
    yield write


@contextmanager
def json_lines_file(file: BinaryIO) -> Iterator[WriteRows]:
    """Write an object for each row, on a line of its own."""
    encoder = msgspec.json.Encoder()

    def write(rows: Sequence[Row]) -> None:
        file.write(encoder.encode_lines([row._asdict() for row in rows]))

    yield write


_SCHEMA: Final = pa.schema([
    ("vote", pa.string()),
    ("entry", pa.dictionary(pa.int32(), pa.string())),
    ("name", pa.dictionary(pa.int32(), pa.string())),
    ("album", pa.dictionary(pa.int32(), pa.string())),
    ("year", pa.int16()),
    ("rank", pa.int8()),
    ("voter_class", pa.dictionary(pa.int32(), pa.string())),
    ("route", pa.dictionary(pa.int32(), pa.string())),
    ("cast_at", pa.timestamp("ms", tz="UTC")),
])  # fmt: skip


@contextmanager
def parquet_file(file: BinaryIO) -> Iterator[WriteRows]:
    """Write Parquet, in row groups of 100,000 rows at most."""
    waiting: list[Row] = []
    with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:

        def flush() -> None:
            if not waiting:
                return
            columns = zip(Row._fields, zip(*waiting, strict=True), strict=True)
            arrays = [_array(name, values) for name, values in columns]
            writer.write_table(pa.table(arrays, schema=_SCHEMA))
            waiting.clear()

        def write(rows: Sequence[Row]) -> None:
            waiting.extend(rows)
            if len(waiting) >= _GROUP_BATCHES * BATCH_ROWS:
                flush()

        yield write
        flush()


def _array(name: str, values: Sequence[object]) -> pa.Array:
    kind = _SCHEMA.field(name).type
    if pa.types.is_timestamp(kind):
        # Arrow reads RFC 3339 by itself.
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


FORMATS: Final[dict[str, tuple[str, Callable[[BinaryIO], AbstractContextManager[WriteRows]]]]] = {
    "csv": ("votes.csv", csv_file),
    "jsonl": ("votes.jsonl", json_lines_file),
    "parquet": ("votes.parquet", parquet_file),
}
