"""Voters: connections that cast votes, as fast as they are answered or at a set rate."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from random import Random
from typing import Final, Self

from bench.apparatus.errors import BenchError
from bench.apparatus.schedule import Schedule
from harness.processes.server import Server
from harness.voters.sample_votes import sample_requests, ticket_requests
from harness.voters.ticket_holders import TicketHolders
from harness.voters.vote_connection import VoteConnection, is_accepted

_ANSWER_SECONDS: Final = 15
_TICK_SECONDS: Final = 0.002


class Load:
    """A context that opens connections to one or more services, shared out evenly.

    Without a rate each connection casts its next vote as soon as the last one is answered. With
    one, that many votes per second are due on average, at random times that do not depend on the
    answers; each takes the connection that was free the longest, or waits for one.
    `accepted` counts the votes; `latencies` has the seconds that each took, from when it was due.
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
        seed: int = 0,
    ) -> None:
        """With `poll`, votes are in that poll; with `holders`, each is of another of them.

        `requests` are sent instead of votes; `is_good` says of a response whether it counts. Loads
        of the same rate and `seed` have the same times.
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
        self._free: deque[VoteConnection] = deque()
        self._due: dict[VoteConnection, float] = {}
        self._seed = seed
        self._schedule: Schedule | None = None
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
        self._free.extend(self._connections)
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
                self._cast(self._free.popleft(), time.monotonic())
            end = time.monotonic() + seconds
            while self.accepted < votes and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(left if votes == math.inf else _TICK_SECONDS)
        else:
            random = Random(self._seed)  # noqa: S311 - a schedule
            self._schedule = Schedule(self._rate, seconds, random, self._cast_due)
            await self._schedule.run()
            self._schedule = None
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

    def _cast_due(self) -> None:
        while self._schedule and self._free and (at := self._schedule.take_due()) is not None:
            self._cast(self._free.popleft(), at)

    async def _last_answers(self) -> None:
        limit = time.monotonic() + _ANSWER_SECONDS
        while any(connection.waits for connection in self._connections):
            if time.monotonic() > limit:
                raise BenchError(f"{self._services[0].name}: no answer in {_ANSWER_SECONDS} s")
            await asyncio.sleep(_TICK_SECONDS)
        self.check()

    def _cast(self, connection: VoteConnection, due: float) -> None:
        self._due[connection] = due
        connection.send(next(self._requests))

    def _answered(self, connection: VoteConnection, response: bytes) -> None:
        now = time.monotonic()
        if self._is_good(response):
            self.accepted += 1
            self.latencies.append(now - self._due[connection])
        else:
            self._refused += 1
        if self._running and self._rate is None:
            self._cast(connection, now)
        else:
            self._free.append(connection)
            if len(self._free) == 1:
                self._cast_due()  # what had to wait for a connection
