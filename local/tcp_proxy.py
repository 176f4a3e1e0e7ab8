"""A TCP proxy between a service and Kafka, so that the network between them can fail."""

import asyncio
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from local.ports import HOST
from local.programs import python_environment
from local.server import Server

_CHUNK: Final = 64 * 1024
_PROBE_LIMIT_S: Final = 1.0


class TcpProxy(Server):
    """Passes every connection on to `target_port`.

    `kill` cuts the network so that both sides notice at once, `pause` so that nothing comes
    through and nobody is told; `start` and `resume` heal it.
    """

    def __init__(self, name: str, port: int, target_port: int, folder: Path) -> None:
        """Ports are on 127.0.0.1; nobody needs to listen on the target's yet."""
        super().__init__(name, port, folder)
        self.target_port = target_port

    def command(self) -> list[str]:
        """Return the command line of this module."""
        return [sys.executable, "-m", "local.tcp_proxy", str(self.port), str(self.target_port)]

    def environment(self) -> Mapping[str, str]:
        """Let the child import what this process can import."""
        return python_environment()

    def probe(self) -> None:
        """Connect."""
        socket.create_connection((self.host, self.port), _PROBE_LIMIT_S).close()


async def _serve(port: int, target_port: int) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(HOST, target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))

    server = await asyncio.start_server(connect, HOST, port)
    await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then end the other."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
