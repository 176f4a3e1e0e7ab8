"""A TCP proxy: it can cut the network to a server, or add TLS to one that has none."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.processes.ports import HOST
from harness.processes.programs import python_environment
from harness.processes.server import Server

_CHUNK: Final = 64 * 1024
_PROBE_LIMIT_SECONDS: Final = 1.0


class TcpProxy(Server):
    """Forwards every connection to `target_port`.

    `kill` cuts the network so that both sides notice at once, `pause` so that nothing gets through
    and neither side notices; `start` and `resume` restore it.
    """

    def __init__(
        self, name: str, port: int, target_port: int, folder: Path, pem: Path | None = None
    ) -> None:
        """Ports are on 127.0.0.1; the target need not listen yet.

        With `pem`, a file of a key and its certificate, clients use TLS to the proxy.
        """
        super().__init__(name, port, folder)
        self.target_port = target_port
        self._pem = pem

    def command(self) -> list[str]:
        """Return the command line of this module."""
        arguments = [self.port, self.target_port, *([self._pem] if self._pem else [])]
        return [sys.executable, "-m", "harness.servers.tcp_proxy", *map(str, arguments)]

    def environment(self) -> Mapping[str, str]:
        """Let the child import what this process can import."""
        return python_environment()

    def probe(self) -> None:
        """Connect."""
        socket.create_connection((self.host, self.port), _PROBE_LIMIT_SECONDS).close()


async def _serve(port: int, target_port: int, tls: ssl.SSLContext | None) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target_reader, target_writer = await asyncio.open_connection(HOST, target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))

    server = await asyncio.start_server(connect, HOST, port, ssl=tls)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until one side ends, then end the other."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


def _main(port: str, target_port: str, *pem: str) -> None:
    tls = None
    if pem:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*pem)
    asyncio.run(_serve(int(port), int(target_port), tls))


if __name__ == "__main__":
    _main(*sys.argv[1:])
