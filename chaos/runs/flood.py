"""More votes than the machine can take: at a rate of its own, from many connections.

The load must cost less than what it loads, so it speaks just as much HTTP as it needs.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, cast

from harness.processes.ports import HOST
from harness.voters.register import Ballot, Register
from voting.domain.vote import RESIDUES, Route, new_vote_id

_REQUEST: Final = (
    "POST /votes HTTP/1.1\r\nhost: flood\r\ncontent-type: application/json\r\n"
    "content-length: {length}\r\n\r\n{body}"
)
_BODY: Final = '{{"id":"{id}","name":"{name}","album":"{album}","year":{year},"rank":{rank}}}'
_LAST_ANSWERS_S: Final = 15.0
_LAST_ANSWERS: Final = 1000


@dataclass
class FloodResult:
    """What came of a flood: latencies (s) by kind of answer, and arrivals that nobody sent."""

    seconds: float
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    other: int = 0
    unsent: int = 0


class Flood:
    """Voters on a fixed number of connections to each route; nobody tries twice."""

    def __init__(
        self,
        ports: dict[Route, int],
        connections: int,
        random: Random,
        register: Register | None = None,
    ) -> None:
        """Set up for so many connections to each of the routes' `ports`.

        What becomes of the votes goes into `register`, or a new one.
        """
        self.register = register or Register()
        self._ports = ports
        self._connections = connections
        self._random = random

    async def run(self, name: str, seconds: float, rate: float | None) -> FloodResult:
        """Send `rate` votes per second, or without a rate as many as are answered.

        An arrival that finds every connection busy waits, and is given up when the time is over.
        """
        loop = asyncio.get_running_loop()
        result = FloodResult(seconds)
        voters: list[_Voter] = []
        for number in range(self._connections * len(self._ports)):
            route, port = list(self._ports.items())[number % len(self._ports)]
            new = self._new_voter(name, route, result)
            _, voter = await loop.create_connection(new, HOST, port)
            voters.append(voter)
        await self._send(voters, seconds, rate, result)
        await self._last_answers(voters, result)
        return result

    def _new_voter(self, name: str, route: Route, result: FloodResult) -> Callable[[], _Voter]:
        return lambda: _Voter(name, route, self._random, self.register, result)

    async def _send(
        self, voters: list[_Voter], seconds: float, rate: float | None, result: FloodResult
    ) -> None:
        begin, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - begin) < seconds:
            due = len(voters) if rate is None else int(elapsed * rate) - sent
            for voter in [voter for voter in voters if not voter.busy][: max(0, due)]:
                voter.vote()
                sent += 1
            await asyncio.sleep(0.001)
        if rate is not None:
            result.unsent = max(0, int(seconds * rate) - sent)

    async def _last_answers(self, voters: list[_Voter], result: FloodResult) -> None:
        for _ in range(_LAST_ANSWERS):
            if not any(voter.busy for voter in voters):
                break
            await asyncio.sleep(_LAST_ANSWERS_S / _LAST_ANSWERS)
        result.other += sum(voter.busy for voter in voters)  # no answer at all
        for voter in voters:
            voter.close()


class _Voter(asyncio.Protocol):
    """One connection, with one vote at a time."""

    def __init__(
        self, name: str, route: Route, random: Random, register: Register, result: FloodResult
    ) -> None:
        self.busy = False
        self._name = name
        self._route = route
        self._random = random
        self._register = register
        self._result = result
        self._received = b""
        self._sent_at = 0.0
        self._ballot = Ballot(None, "", "", 0, 0, route)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def vote(self) -> None:
        """Send a vote."""
        if self._transport is None or self._transport.is_closing():
            return
        vote_id = new_vote_id(self._random.randrange(RESIDUES))
        rank = self._random.randint(1, 100)
        self._ballot = Ballot(vote_id, "Rush", self._name, 1990, rank, self._route)
        self._register.sent[vote_id] = self._ballot
        body = _BODY.format(**self._ballot._asdict())
        self.busy = True
        self._sent_at = time.monotonic()
        self._transport.write(_REQUEST.format(length=len(body), body=body).encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        head = head.lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._received = b""
            self._answered(head)

    def _answered(self, head: bytes) -> None:
        now, status = time.monotonic(), head[9:12]
        self.busy = False
        if status == b"202":
            self._register.acknowledge(self._ballot, now)
            self._result.accepted.append(now - self._sent_at)
        elif status == b"503" and b"retry-after:" in head:
            self._result.refused.append(now - self._sent_at)
        else:
            self._result.other += 1
            self._register.wrong_answers[head.split(b"\r\n")[0].decode()] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if self.busy:
            self.busy = False
            self._result.other += 1
            self._register.wrong_answers[f"no answer: {exc}"] += 1

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()
