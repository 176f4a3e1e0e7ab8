"""More votes than the machine can take, at a fixed rate and from many connections."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random
from typing import Final

from msgspec.structs import replace

from harness.processes.ports import HOST
from harness.voters.sent_votes import SentVotes
from harness.voters.vote_connection import VoteConnection, is_accepted
from voting.client.samples import sample_to_send
from voting.client.sent_vote import vote_request
from voting.domain.vote import RESIDUES, Route, new_vote_id

_LAST_ANSWERS_SECONDS: Final = 15.0
_LAST_ANSWERS: Final = 1000


@dataclass
class FloodResult:
    """The result of a flood: latencies (s) by kind of answer, and arrivals that were not sent."""

    seconds: float
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    other: int = 0
    unsent: int = 0


class Flood:
    """Voters on a fixed number of connections to each route; nobody retries."""

    def __init__(
        self,
        ports: dict[Route, int],
        connections: int,
        random: Random,
        sent_votes: SentVotes | None = None,
    ) -> None:
        """Use this many connections to each of the routes' `ports`.

        The votes and their answers go into `sent_votes`, or into a new one.
        """
        self.sent_votes = sent_votes or SentVotes()
        self._ports = ports
        self._connections = connections
        self._random = random

    async def run(self, name: str, seconds: float, rate: float | None) -> FloodResult:
        """Send `rate` votes per second, or without a rate as many as are answered.

        An arrival that finds every connection busy waits, and is dropped at the end.
        """
        loop = asyncio.get_running_loop()
        result = FloodResult(seconds)
        voters: list[_Voter] = []
        for number in range(self._connections * len(self._ports)):
            route, port = list(self._ports.items())[number % len(self._ports)]
            voter = _Voter(name, route, self._random, self.sent_votes, result)
            await loop.create_connection(voter.new_connection, HOST, port)
            voters.append(voter)
        await self._send(voters, seconds, rate, result)
        await self._last_answers(voters, result)
        return result

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
            await asyncio.sleep(_LAST_ANSWERS_SECONDS / _LAST_ANSWERS)
        result.other += sum(voter.busy for voter in voters)  # no answer at all
        for voter in voters:
            voter.close()


class _Voter:
    """Casts one vote at a time on a connection of its own."""

    def __init__(
        self, name: str, route: Route, random: Random, sent_votes: SentVotes, result: FloodResult
    ) -> None:
        self._random = random
        self._sent_votes = sent_votes
        self._result = result
        self._sent_at = 0.0
        self._vote = sample_to_send(name="Rush", album=name, year=1990, route=route)
        self._connection = VoteConnection(self._on_response, self._on_loss)

    def new_connection(self) -> VoteConnection:
        """Return the connection, for the event loop to connect."""
        return self._connection

    @property
    def busy(self) -> bool:
        """Whether a vote waits for its answer."""
        return self._connection.waits

    def vote(self) -> None:
        """Send a vote, unless the connection is closed."""
        if not self._connection.is_open:
            return
        vote_id = new_vote_id(self._random.randrange(RESIDUES))
        self._vote = replace(self._vote, id=vote_id, rank=self._random.randint(1, 100))
        self._sent_votes.sent[vote_id] = self._vote
        self._sent_at = time.monotonic()
        self._connection.send(vote_request("flood", self._vote))

    def _on_response(self, _: VoteConnection, response: bytes) -> None:
        now = time.monotonic()
        if is_accepted(response):
            self._sent_votes.acknowledge(self._vote, now)
            self._result.accepted.append(now - self._sent_at)
            return
        head = response.partition(b"\r\n\r\n")[0].lower()
        if head[9:12] == b"503" and b"retry-after:" in head:
            self._result.refused.append(now - self._sent_at)
        else:
            self._failed(head.split(b"\r\n")[0].decode())

    def _on_loss(self, _: VoteConnection, error: Exception | None) -> None:
        self._failed(f"no answer: {error}")

    def _failed(self, reason: str) -> None:
        self._result.other += 1
        self._sent_votes.wrong_answers[reason] += 1

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
