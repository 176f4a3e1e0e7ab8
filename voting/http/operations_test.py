import asyncio

from harness.processes.ports import HOST, free_port
from voting.http.operations import serve_operations
from voting.service.lifecycle import Readiness

REQUEST = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def test_it_stops_while_prometheus_keeps_its_connection_open() -> None:
    port = free_port()
    async with asyncio.timeout(10):
        async with serve_operations("svc_example", Readiness(), HOST, port):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(REQUEST)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
