"""Casts votes as fast as they are answered, and counts the routes that took them."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from cluster.common import network
from cluster.steps.step import World
from harness.servers.traefik_server import CANARY_HEADER
from harness.voters.http_client import HttpClient
from voting.domain.vote import Route

FORCE: Final[Mapping[Route | None, dict[str, str]]] = {
    None: {},
    Route.HTTP: {CANARY_HEADER: "always"},
    Route.GRPC: {CANARY_HEADER: "never"},
}
"""The header that forces a route; None leaves it to the weights."""

_VOTE: Final = {"name": "Björk", "album": "Debut", "year": 1993, "rank": 1}
_TIMEOUT_SECONDS: Final = 10.0


class Caster:
    """A few people who vote again and again without recording their votes."""

    def __init__(self, world: World, forced: Route | None) -> None:
        """Ask for the route `forced`; with None the weights decide."""
        self._world = world
        self._headers = FORCE[forced]
        self._client = HttpClient("127.0.0.1", network.ENTRY_PORT, _TIMEOUT_SECONDS)
        self.routes: Counter[str] = Counter()
        """How many votes each route took; a vote that was not accepted counts as `#status`."""

    async def cast(self, each: int, people: int = 1) -> Counter[str]:
        """Let `people` cast `each` votes, and return the routes of all votes so far."""
        await asyncio.gather(*(self._person(each) for _ in range(people)))
        return self.routes

    async def _person(self, votes: int) -> None:
        for _ in range(votes):
            self._world.others.anonymous += 1
            answer = await self._client.post("/votes", self._headers, _VOTE)
            taken = answer.status == HTTPStatus.ACCEPTED
            route = answer.headers.get("x-vote-route", "none")
            self.routes[route if taken else f"#{answer.status}"] += 1

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
