"""A snapshot as an event of the stream, encoded and compressed once for all watchers."""

import zlib
from functools import cached_property
from typing import Final

import msgspec

# RFC 1952: deflate, no name, no time, unknown system. Opens each compressed stream.
GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def deflate(data: bytes) -> bytes:
    """Return `data` as a piece of a deflate stream that any other piece can follow.

    A full flush ends the piece on a byte boundary and resets the dictionary, so every watcher can
    be sent the same compressed bytes, whatever it was sent before.
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
        """The event as a chunk of an answer's body (RFC 9112, section 7.1)."""
        return _chunk(self.text)

    @cached_property
    def zipped_chunk(self) -> bytes:
        """The event as a chunk of a compressed answer's body."""
        return _chunk(self.deflated)


class Frame[S: msgspec.Struct](Event):
    """A snapshot as an event; `number` grows by one from frame to frame."""

    def __init__(self, number: int, snapshot: S) -> None:
        # Encoded JSON has no line breaks, so it fits one data line.
        super().__init__(b"event: results\ndata: %b\n\n" % msgspec.json.encode(snapshot))
        self.number = number
        self.snapshot = snapshot


# Makes the browser reconnect one second after it loses the connection.
OPENING: Final = Event(b"retry: 1000\n\n")
# Keeps proxies from closing idle connections, and lets both ends notice a dead one. An event, not
# a comment, because scripts do not see comments.
HEARTBEAT: Final = Event(b"event: heartbeat\ndata: {}\n\n")
