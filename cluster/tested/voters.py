"""Voters of the steps: some votes are only counted by route, others are recorded, too."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from random import Random
from typing import Final

from cluster.common import network
from cluster.tested.context import StepContext, StepError
from harness.voters.http_client import HttpClient
from harness.voters.sent_votes import SentVotes
from harness.voters.voters import Voters
from voting.client.samples import sample_to_send
from voting.domain.headers import CANARY_HEADER, FORCE, ROUTE_HEADER
from voting.domain.vote import Route

RATE: Final = 40.0
"""Votes per second over both routes: enough to see a gap of 25 ms, light for two processors."""

_VOTE: Final = sample_to_send(name="Björk", album="Debut", year=1993).document
_TIMEOUT_SECONDS: Final = 10.0


class Caster:
    """Casts votes from a few people, and counts them without recording each."""

    def __init__(self, context: StepContext, forced: Route | None) -> None:
        """Ask for the route `forced`; with None the weights decide."""
        self._context = context
        self._headers = forcing(forced)
        self._client = HttpClient("127.0.0.1", network.ENTRY_PORT, _TIMEOUT_SECONDS)
        self.routes: Counter[str] = Counter()
        """How many votes each route took; a vote that was not accepted counts as `#status`."""

    async def cast(self, each: int, people: int = 1) -> Counter[str]:
        """Let `people` cast `each` votes, and return the routes of all votes so far."""
        await asyncio.gather(*(self._person(each) for _ in range(people)))
        return self.routes

    async def _person(self, votes: int) -> None:
        for _ in range(votes):
            self._context.others.anonymous += 1
            answer = await self._client.post("/votes", self._headers, _VOTE)
            taken = answer.status == HTTPStatus.ACCEPTED
            route = answer.headers.get(ROUTE_HEADER, "none")
            self.routes[route if taken else f"#{answer.status}"] += 1

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def forcing(route: Route | None) -> Mapping[str, str]:
    """Return the header that forces a route; None leaves it to the weights."""
    return {} if route is None else {CANARY_HEADER: FORCE[route]}


@asynccontextmanager
async def people_vote(
    context: StepContext, name: str, rate: float = RATE
) -> AsyncIterator[SentVotes]:
    """Let people vote for albums called `name`, and in the polls; yield what they sent."""
    voters = Voters("127.0.0.1", network.ENTRY_PORT, rate, Random(name))  # noqa: S311
    voters.round = name
    voters.polls = context.polls
    context.sent_votes.append(voters.sent_votes)
    voters.start()
    try:
        yield voters.sent_votes
    finally:
        await voters.stop()
        voters.close()


def all_were_accepted(sent_votes: SentVotes) -> str:
    """Return how many votes there were. Raises StepError when one was not accepted at once."""
    failures = sent_votes.refusals + sent_votes.wrong_answers
    if failures or sent_votes.anonymous:
        kinds = ", ".join(f"{times} x {what}" for what, times in failures.most_common(5))
        raise StepError(f"{failures.total()} of {len(sent_votes.sent)} votes failed: {kinds}")
    return f"{len(sent_votes.acknowledged)} votes, none failed"
