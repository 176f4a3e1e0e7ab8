"""How long a vote takes from its acknowledgement until everybody can see it in the tally."""

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Final

from redis.asyncio import Redis

from bench.apparatus.errors import BenchError
from harness.processes.server import Server
from harness.voters.vote_connection import VoteConnection, is_accepted
from voting.client.samples import sample_to_send
from voting.client.sent_vote import vote_request
from voting.domain.tally import album_key
from voting.stores.tally_fields import album_votes_field
from voting.stores.tally_store import TALLY_KEY

_PER_SECOND: Final = 50.0
_POLL_SECONDS: Final = 0.003
_PATIENCE_SECONDS: Final = 30


class Probes:
    """Casts votes at random times, each for an album of its own, and looks for each in Redis.

    `visible` has the seconds from the acknowledgement of each to its appearance, accurate to about
    the 3 ms between two reads.
    """

    def __init__(
        self, entries: Sequence[Server], redis_url: str, per_second: float = _PER_SECOND
    ) -> None:
        self._entries = entries
        self.per_second = per_second
        self._random = Random(1)  # noqa: S311 - times
        self._redis: Redis = Redis.from_url(redis_url)
        self._cast = 0
        self._in_flight: dict[VoteConnection, str] = {}
        self._waiting: dict[str, float] = {}  # acknowledged at, by the field of the tally
        self.visible: list[float] = []

    async def run(self, seconds: float) -> None:
        """Probe for `seconds`, and until the last probe is visible."""
        loop = asyncio.get_running_loop()
        connections: list[VoteConnection] = []
        for entry in self._entries:
            _, connection = await loop.create_connection(
                lambda: VoteConnection(self._answered), entry.host, entry.port
            )
            connections.append(connection)
        polling = asyncio.create_task(self._poll())
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection = connections[self._cast % len(connections)]
            if not connection.waits:
                self._send(connection)
            await asyncio.sleep(self._random.expovariate(self.per_second))
        while (self._in_flight or self._waiting) and not polling.done():
            if time.monotonic() > end + _PATIENCE_SECONDS:
                raise BenchError(f"{len(self._waiting)} votes are not in the tally yet")
            await asyncio.sleep(_POLL_SECONDS)
        for connection in connections:
            connection.close()
        polling.cancel()
        await asyncio.wait([polling])
        await self._redis.aclose()

    def _send(self, connection: VoteConnection) -> None:
        self._cast += 1
        vote = sample_to_send(name="Probe", album=f"{time.time_ns()}")
        album = album_key(vote.name, vote.album, vote.year)
        self._in_flight[connection] = album_votes_field(album).decode()
        connection.send(vote_request(self._entries[0].host, vote))

    def _answered(self, connection: VoteConnection, response: bytes) -> None:
        field = self._in_flight.pop(connection)
        if is_accepted(response):
            self._waiting[field] = time.perf_counter()

    async def _poll(self) -> None:
        while True:
            if fields := list(self._waiting):
                counts = await self._redis.hmget(TALLY_KEY, fields)
                now = time.perf_counter()
                for field, count in zip(fields, counts, strict=True):
                    if count is not None:
                        self.visible.append(now - self._waiting.pop(field))
            await asyncio.sleep(_POLL_SECONDS)
