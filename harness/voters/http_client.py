"""A small HTTP client that reports the outcome of every request as it is.

Of our own, since a request through httpx costs 30 times as much processor time, which the voters
would take from the system that they vote in: docs/decisions/python-dependencies.md has the figures.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final, NamedTuple

from harness.voters.vote_connection import VoteConnection

NO_ANSWER: Final = 0
"""The status of a request that got no answer."""


class ClientAnswer(NamedTuple):
    """What came back. Without an answer `status` is `NO_ANSWER` and `reason` names the error."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; empty for anything else, such as a proxy's error page."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


class HttpClient:
    """Sends requests to one server; a connection carries one request at a time."""

    def __init__(
        self, host: str, port: int, timeout_seconds: float, sources: Sequence[str] = ()
    ) -> None:
        """`timeout_seconds` bounds each request, the connecting included.

        With `sources` the connections come from these addresses, in turn.
        """
        self._host = host
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._sources = cycle(sources or [None])
        self._idle: list[VoteConnection] = []
        self._answered: dict[VoteConnection, asyncio.Future[bytes]] = {}

    async def post(self, path: str, headers: Mapping[str, str], document: object) -> ClientAnswer:
        """Send a JSON document."""
        body = json.dumps(document, ensure_ascii=False).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"host: {self._host}:{self._port}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        except TimeoutError:
            return ClientAnswer(NO_ANSWER, "no answer in time", {}, b"")
        except (OSError, EOFError, ValueError) as error:
            return ClientAnswer(NO_ANSWER, type(error).__name__, {}, b"")

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchange(self, request: bytes) -> ClientAnswer:
        connection = await self._connection()
        answered = self._answered[connection] = asyncio.get_running_loop().create_future()
        keep = False
        try:
            connection.send(request)
            if connection.broken:
                raise ConnectionResetError
            answer = _read(await answered)
            keep = answer.headers.get("connection", "").lower() != "close"
        finally:
            del self._answered[connection]
            if keep:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    async def _connection(self) -> VoteConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        source = next(self._sources)
        local = None if source is None else (source, 0)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: VoteConnection(self._on_response, self._on_loss),
            self._host,
            self._port,
            local_addr=local,
        )
        return connection

    def _on_response(self, connection: VoteConnection, response: bytes) -> None:
        answered = self._answered.get(connection)
        if answered is not None and not answered.done():
            answered.set_result(response)

    def _on_loss(self, connection: VoteConnection, error: Exception | None) -> None:
        answered = self._answered.get(connection)
        if answered is not None and not answered.done():
            answered.set_exception(error or asyncio.IncompleteReadError(b"", None))


def _read(response: bytes) -> ClientAnswer:
    head, _, body = response.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = (status_line + " ").split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    return ClientAnswer(int(status), reason.strip(), headers, body)
