"""A snapshot as an event of the stream, encoded and compressed once for all who watch."""

import zlib
from functools import cached_property
from typing import Final

import msgspec

from svc_results.result.snapshot import Snapshot

# RFC 1952: deflate, no name, no time, unknown system. Opens each compressed stream.
GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def deflate(data: bytes) -> bytes:
    """Return `data` as a piece of a deflate stream that any other piece can follow.

    A full flush ends the piece on a byte's edge and forgets what went before, so every watcher
    can be sent the same compressed bytes, whichever frames it was sent so far.
    """
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Event:
    """Bytes of the stream, plain and compressed."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    @cached_property
    def deflated(self) -> bytes:
        """The event as a piece of a deflate stream."""
        return deflate(self.text)

    @cached_property
    def chunk(self) -> bytes:
        """The event as a chunk of an answer's body (RFC 9112, section 7.1), the same for all."""
        return _chunk(self.text)

    @cached_property
    def zipped_chunk(self) -> bytes:
        """The same of an answer that is compressed."""
        return _chunk(self.deflated)


class Frame(Event):
    """A snapshot as an event; `number` grows by one from frame to frame."""

    def __init__(self, number: int, snapshot: Snapshot) -> None:
        # JSON has no line breaks, so one data line holds it.
        super().__init__(b"event: results\ndata: %b\n\n" % msgspec.json.encode(snapshot))
        self.number = number
        self.snapshot = snapshot


# Tells the browser to come back a second after a lost connection.
OPENING: Final = Event(b"retry: 1000\n\n")
# Keeps idle connections open on the way, and lets both ends notice one that is gone. An event,
# not a comment, as scripts do not see comments.
HEARTBEAT: Final = Event(b"event: heartbeat\ndata: {}\n\n")
