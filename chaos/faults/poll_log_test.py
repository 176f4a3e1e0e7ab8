"""A partition's file is cut between batches of records."""

import struct

import pytest

from chaos.faults.poll_log import before_offset


def batch(first_offset: int, content: bytes) -> bytes:
    return struct.pack(">qi", first_offset, len(content)) + content


LOG = batch(0, b"one") + batch(1, b"two, three") + batch(3, b"") + batch(4, b"five")


@pytest.mark.parametrize(
    ("offset", "left"),
    [
        (0, b""),
        (1, batch(0, b"one")),
        (3, batch(0, b"one") + batch(1, b"two, three")),
        (4, LOG[: -len(batch(4, b"five"))]),
        (5, LOG),
    ],
)
def test_what_comes_before_an_offset_stays(offset: int, left: bytes) -> None:
    assert before_offset(LOG, offset) == left
