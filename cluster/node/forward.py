"""Carries connections from ports of this machine into the cluster's network.

usage: forward SOCKET=PORT...   SOCKET: a listening socket that was opened outside, by its number
"""

import asyncio
import socket
import sys

_CHUNK = 65536


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Carry one connection until both sides have finished, or one breaks off."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:  # nobody listens there (yet): the caller sees a closed connection
        writer.close()
        return
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    except OSError:
        pass  # one side broke off: close the other, too
    finally:
        inner_writer.close()
        writer.close()


async def forward(listening: socket.socket, port: int) -> asyncio.Server:
    """Carry every connection that `listening` gets to `port` of the cluster's 127.0.0.1."""
    return await asyncio.start_server(lambda r, w: _carry(r, w, port), sock=listening)


async def main(pairs: list[str]) -> None:
    """Carry connections until the process is ended."""
    for pair in pairs:
        number, port = map(int, pair.split("="))
        await forward(socket.socket(fileno=number), port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
