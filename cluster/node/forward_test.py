import asyncio
import socket

from cluster.node.forward import forward


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer only when the other side has finished."""
    received = await reader.read()
    writer.write(received.upper())
    await writer.drain()
    writer.close()


async def test_both_directions_and_the_end_of_one_are_carried() -> None:
    inner = await asyncio.start_server(echo, "127.0.0.1", 0)
    listening = socket.create_server(("127.0.0.1", 0))
    outer = await forward(listening, inner.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
    writer.write(b"vote")
    writer.write_eof()
    assert await reader.read() == b"VOTE"
    writer.close()
    outer.close()
    inner.close()


async def test_a_port_without_a_listener_closes_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    outer = await forward(socket.create_server(("127.0.0.1", 0)), port)
    reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
    assert await reader.read() == b""
    writer.close()
    outer.close()
