"""The load: people who vote on both routes, at a steady rate whatever the system does."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from random import Random
from typing import Final

from harness.voters.ballots import Ballot
from harness.voters.http_client import NO_ANSWER, ClientAnswer, HttpClient
from harness.voters.sent_votes import SentVotes
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.vote import RESIDUES, Route, new_vote_id

ROUND_NAMES: Final = ("Mercedes Sosa", "Björk", "Nina Simone", "坂本 龍一", "Rush")
"""Artists of the votes; their albums are named after the round in which they were cast."""

_TICK_SECONDS: Final = 0.02
_TIMEOUT_SECONDS: Final = 8.0
_ATTEMPTS: Final = 4
_RETRY_AFTER_SECONDS: Final = 0.5  # and twice as long each time
_REPEATED: Final = 0.02  # of the votes are sent again though they were acknowledged
_REPEAT_AFTER_SECONDS: Final = (0, 0, 0.05, 1, 5)
_ALTERED: Final = 0.3  # of those differ the second time: the first must count
_WITH_ID: Final = 0.7  # of the votes bring an id; the service makes the others'

RETRYABLE: Final = {NO_ANSWER, 429, 502, 503, 504}
"""Statuses after which a client may send the same vote again."""


class Voters:
    """Casts votes through the entry and records what became of them.

    A vote that is refused or gets no answer is sent again with the same id, a few times. `waits`
    has, for each vote that was acknowledged, how long (s) its voter waited for that.
    """

    def __init__(
        self, host: str, port: int, rate: float, random: Random, sources: Sequence[str] = ()
    ) -> None:
        """`rate` is in votes per second over both routes; `sources` as for HttpClient."""
        self.sent_votes = SentVotes()
        self.waits: list[float] = []
        self.round = "calm"
        self._rate = rate
        self._random = random
        self._client = HttpClient(host, port, _TIMEOUT_SECONDS, sources)
        self._votes: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start voting."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Start no more votes; return when each has its answer or was given up."""
        if self._running is None:
            return
        running, self._running = self._running, None
        running.cancel()
        await asyncio.wait([running])
        if self._votes:
            await asyncio.wait(self._votes)
        if not running.cancelled():
            await running  # raises what went wrong in it

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def _run(self) -> None:
        """Start votes when they are due, whether or not earlier ones were answered."""
        begin, started = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begin) * self._rate)
            for number in range(started, due):
                task = asyncio.create_task(self._vote(self._ballot(list(Route)[number % 2])))
                self._votes.add(task)
                task.add_done_callback(self._votes.discard)
            started = max(started, due)
            await asyncio.sleep(_TICK_SECONDS)

    def _ballot(self, route: Route) -> Ballot:
        brings_id = self._random.random() < _WITH_ID
        vote_id = new_vote_id(self._random.randrange(RESIDUES)) if brings_id else None
        which = self._random.randrange(len(ROUND_NAMES))
        rank = self._random.randint(1, 100)
        return Ballot(vote_id, ROUND_NAMES[which], self.round, 1990 + which, rank, route)

    async def _vote(self, ballot: Ballot) -> None:
        vote_id = await self._cast(ballot)
        if vote_id is not None and self._random.random() < _REPEATED:
            await asyncio.sleep(self._random.choice(_REPEAT_AFTER_SECONDS) * self._random.random())
            await self._repeat(ballot._replace(id=vote_id))

    async def _cast(self, ballot: Ballot) -> str | None:
        """Send a vote until it is acknowledged; return its id, None when that did not happen."""
        begin = time.monotonic()
        for attempt in range(_ATTEMPTS):
            answer = await self._send(ballot)
            answered_id: str | None = answer.document.get("id")
            ballot = ballot._replace(id=ballot.id or answered_id)
            if ballot.id is None:
                self.sent_votes.anonymous += 1
            else:
                self.sent_votes.sent.setdefault(ballot.id, ballot)
            if answer.status == HTTPStatus.ACCEPTED:
                self.sent_votes.acknowledge(ballot, now := time.monotonic())
                self.waits.append(now - begin)
                return ballot.id
            await asyncio.sleep(_RETRY_AFTER_SECONDS * 2**attempt * (0.5 + self._random.random()))
        return None

    async def _repeat(self, ballot: Ballot) -> None:
        """Send a vote that already counts once more, perhaps on another route or altered."""
        self.sent_votes.repeats += 1
        if self._random.random() < _ALTERED:
            ballot = ballot._replace(rank=101 - ballot.rank)
        await self._send(ballot._replace(route=self._random.choice(list(Route))))

    async def _send(self, ballot: Ballot) -> ClientAnswer:
        headers = {CANARY_HEADER: FORCE[ballot.route]}
        answer = await self._client.post("/votes", headers, ballot.document)
        self._judge(ballot, answer)
        return answer

    def _judge(self, ballot: Ballot, answer: ClientAnswer) -> None:
        """Record refusals, and answers that no client should ever get."""
        status, answered_id = answer.status, answer.document.get("id")
        kind = _kind(answer)
        if status == HTTPStatus.ACCEPTED:
            if answered_id is None or ballot.id not in {None, answered_id}:
                self.sent_votes.wrong_answers["202 with another id, or none"] += 1
        elif status not in RETRYABLE:
            self.sent_votes.wrong_answers[kind] += 1
        else:
            self.sent_votes.refusals[kind] += 1
            ours = answer.headers.get("content-type", "").startswith("application/problem+json")
            if ours and ("retry-after" not in answer.headers or answered_id is None):
                self.sent_votes.wrong_answers[f"{kind} without Retry-After or id"] += 1


def _kind(answer: ClientAnswer) -> str:
    """Return the status of an answer with its text, ours or that of a proxy."""
    words = answer.document.get("detail") or answer.body[:80].decode(errors="replace").strip()
    return f"{answer.status or ''} {answer.reason} {f'({words})' if words else ''}".strip()
