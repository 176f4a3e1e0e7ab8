"""Every vote sent, as one small record in a file: the raw material of all figures.

Records are written as they happen: however a phase ends, all samples so far are in the file.
"""

import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.model.answer import Answer
from voting.domain.vote import Route

type Samples = NDArray[np.void]

ROUTES: Final = (None, Route.GRPC, Route.HTTP)  # `route` of a record is an index into this

_PACKED: Final = struct.Struct("<dffHHHBBBBB16s")
SAMPLE_DTYPE: Final = np.dtype(
    [
        ("at", "<f8"),
        ("lag", "<f4"),
        ("latency", "<f4"),
        ("status", "<u2"),
        ("kind", "<u2"),
        ("album", "<u2"),
        ("rank", "u1"),
        ("route", "u1"),
        ("outcome", "u1"),
        ("queued", "u1"),
        ("fresh", "u1"),
        ("id", "S16"),
    ]
)


class Sample(msgspec.Struct, frozen=True):
    """One vote sent and what became of it.

    Times in seconds. `at`: intended start, counted from the start of the measurement, so negative
    during the warm-up. `lag`: from the intended start to the sending. `latency`: from the intended
    start to the whole answer. `queued`: see `Arrival`. `fresh`: sent over a connection of its own.
    `id`: the vote's id, None when it was sent without one and no answer named it.
    """

    at: float
    lag: float
    latency: float
    queued: bool
    fresh: bool
    album: int
    rank: int
    id: UUID | None
    answer: Answer


class SampleWriter:
    """Appends samples to a file. `kinds` names the error kinds that records refer to by index."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=1 << 16)
        self._kinds: dict[str, int] = {"": 0}

    @property
    def kinds(self) -> list[str]:
        """The error kinds seen so far; the first is the empty one of accepted votes."""
        return list(self._kinds)

    def write(self, sample: Sample) -> None:
        """Append one sample."""
        answer = sample.answer
        self._file.write(
            _PACKED.pack(
                sample.at,
                sample.lag,
                sample.latency,
                answer.status,
                self._kinds.setdefault(answer.kind, len(self._kinds)),
                sample.album,
                sample.rank,
                ROUTES.index(answer.route),
                answer.outcome,
                sample.queued,
                sample.fresh,
                sample.id.bytes if sample.id else bytes(16),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def read_samples(path: Path) -> Samples:
    """Return all complete records of a file as an array with the fields of `SAMPLE_DTYPE`."""
    data = path.read_bytes()
    return np.frombuffer(data, dtype=SAMPLE_DTYPE, count=len(data) // SAMPLE_DTYPE.itemsize)


def id_text(raw: bytes) -> str | None:
    """Return the `id` of a record in canonical form, or None when the vote's id is not known."""
    # numpy strips trailing zero bytes.
    return str(UUID(bytes=raw.ljust(16, b"\0"))) if raw else None
