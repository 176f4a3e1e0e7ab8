"""Voters: connections that cast votes, as fast as they are answered or at a set rate."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final, Self

from bench.cases.errors import BenchError
from harness.processes.server import Server
from harness.voters.sample_votes import sample_requests, ticket_requests
from harness.voters.ticket_holders import TicketHolders
from harness.voters.vote_connection import VoteConnection, is_accepted

_ANSWER_SECONDS: Final = 15
_TICK_SECONDS: Final = 0.002


class Load:
    """A context that opens connections to one or more services, shared out evenly.

    Without a rate each connection casts its next vote as soon as the last one is answered; with
    one, that many votes per second are cast in all, on whichever connections are free.
    `accepted` counts the votes; `latencies` has the seconds that each took.
    """

    def __init__(
        self,
        services: Sequence[Server],
        connections: int,
        rate: float | None = None,
        poll: str = "",
        holders: TicketHolders | None = None,
        *,
        requests: Iterator[bytes] | None = None,
        is_good: Callable[[bytes], bool] = is_accepted,
    ) -> None:
        """With `poll`, votes are in that poll; with `holders`, each is of another of them.

        `requests` are sent instead of votes; `is_good` says of a response whether it counts.
        """
        self._services = services
        self._number = connections
        self._rate = rate
        self._connections: list[VoteConnection] = []
        host = services[0].host
        self._requests = requests or (
            ticket_requests(host, holders) if holders else cycle(sample_requests(host, poll))
        )
        self._is_good = is_good
        self._free: list[VoteConnection] = []
        self._sent: dict[VoteConnection, float] = {}
        self._running = False
        self._refused = 0
        self.accepted = 0
        self.latencies: list[float] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in range(self._number):
            service = self._services[number % len(self._services)]
            _, connection = await loop.create_connection(
                lambda: VoteConnection(self._answered), service.host, service.port
            )
            self._connections.append(connection)
        self._free = list(self._connections)
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()

    async def run(self, seconds: float, votes: float = math.inf) -> None:
        """Cast votes for `seconds`, or until `votes` are accepted; wait for the last answers.

        Raises BenchError when a vote was refused or a connection was lost: the figures would be
        meaningless.
        """
        self._running = True
        if self._rate is None:
            while self._free:
                self._cast(self._free.pop())
            end = time.monotonic() + seconds
            while self.accepted < votes and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(left if votes == math.inf else _TICK_SECONDS)
        else:
            await self._pace(self._rate, seconds)
        self._running = False
        await self._last_answers()

    def reset(self) -> None:
        """Discard the counts of the warm-up."""
        self.accepted = 0
        self.latencies = []

    def check(self) -> None:
        """Raise BenchError when not every vote was accepted."""
        names = ", ".join(service.name for service in self._services)
        if broken := sum(connection.broken for connection in self._connections):
            raise BenchError(f"{names}: {broken} connections were lost")
        if self._refused:
            raise BenchError(f"{names}: {self._refused} votes were refused")

    async def _pace(self, rate: float, seconds: float) -> None:
        begin, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - begin) < seconds:
            for _ in range(min(int(elapsed * rate) - sent, len(self._free))):
                self._cast(self._free.pop())
                sent += 1
            await asyncio.sleep(_TICK_SECONDS)

    async def _last_answers(self) -> None:
        limit = time.monotonic() + _ANSWER_SECONDS
        while any(connection.waits for connection in self._connections):
            if time.monotonic() > limit:
                raise BenchError(f"{self._services[0].name}: no answer in {_ANSWER_SECONDS} s")
            await asyncio.sleep(_TICK_SECONDS)
        self.check()

    def _cast(self, connection: VoteConnection) -> None:
        self._sent[connection] = time.perf_counter()
        connection.send(next(self._requests))

    def _answered(self, connection: VoteConnection, response: bytes) -> None:
        if self._is_good(response):
            self.accepted += 1
            self.latencies.append(time.perf_counter() - self._sent[connection])
        else:
            self._refused += 1
        if self._running and self._rate is None:
            self._cast(connection)
        else:
            self._free.append(connection)
