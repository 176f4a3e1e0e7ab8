"""The load: people who vote on both routes, at a steady rate whatever the system does."""

import asyncio
import time
from collections.abc import Sequence
from http import HTTPStatus
from random import Random
from typing import Final

from msgspec.structs import replace

from harness.voters.http_client import NO_ANSWER, ClientAnswer, HttpClient
from harness.voters.poll_window import PollWindow, is_stale
from harness.voters.sent_votes import SentVotes
from voting.client.samples import sample_to_send
from voting.client.sent_vote import SentVote
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.vote import RESIDUES, Route, new_vote_id
from voting.polls.known_polls import RefusalKind
from voting.service.clock_watch import now_ms
from voting.voters.ballots import VoterProblem

ROUND_NAMES: Final = ("Mercedes Sosa", "Björk", "Nina Simone", "坂本 龍一", "Rush")
"""Artists of the votes; their albums are named after the round in which they were cast."""

_TICK_SECONDS: Final = 0.02
_TIMEOUT_SECONDS: Final = 8.0
_ATTEMPTS: Final = 4
_RETRY_AFTER_SECONDS: Final = 0.5  # and twice as long each time
_REPEATED: Final = 0.02  # of the votes are sent again although they were acknowledged
_REPEAT_AFTER_SECONDS: Final = (0, 0, 0.05, 1, 5)
_ALTERED: Final = 0.3  # of those differ the second time: the first must count
_WITH_ID: Final = 0.7  # of the votes bring an id; the service makes the others'
_IN_POLLS: Final = 0.4  # of the votes are in polls, while there are any

_RETRYABLE: Final = {NO_ANSWER, 429, 502, 503, 504}


class Voters:
    """Casts votes through the entry and records the answers.

    A vote that is refused or gets no answer is sent again with the same id, a few times. `waits`
    has, for each vote that was acknowledged, how long (s) its voter waited for that. Some of the
    votes are in those of `polls` that are open, or were or will be a moment ago or later.
    """

    def __init__(
        self, host: str, port: int, rate: float, random: Random, sources: Sequence[str] = ()
    ) -> None:
        """`rate` is in votes per second over both routes; `sources` as for HttpClient."""
        self.sent_votes = SentVotes()
        self.waits: list[float] = []
        self.round = "calm"
        self.polls: Sequence[PollWindow] = ()
        self._rate = rate
        self._random = random
        self._client = HttpClient(host, port, _TIMEOUT_SECONDS, sources)
        self._votes: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start voting."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Cast no more votes; return when each has its answer or was given up."""
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
                task = asyncio.create_task(self._vote(self._new_vote(list(Route)[number % 2])))
                self._votes.add(task)
                task.add_done_callback(self._votes.discard)
            started = max(started, due)
            await asyncio.sleep(_TICK_SECONDS)

    def _new_vote(self, route: Route) -> SentVote:
        brings_id = self._random.random() < _WITH_ID
        vote_id = new_vote_id(self._random.randrange(RESIDUES)) if brings_id else None
        if poll := self._some_poll():
            entry, token = self._random.choice(poll.entries), ""
            if poll.holders is not None:
                token = poll.holders.new_token(self._random)
                vote_id = poll.holders.ballot_id(token, entry.id)
            return sample_to_send(
                id=vote_id,
                voter=token,
                poll=poll.id,
                entry=entry.id,
                name=entry.name,
                album=entry.album,
                year=entry.year,
                rank=self._random.randint(1, 100),
                route=route,
            )
        which = self._random.randrange(len(ROUND_NAMES))
        return sample_to_send(
            id=vote_id,
            name=ROUND_NAMES[which],
            album=self.round,
            year=1990 + which,
            rank=self._random.randint(1, 100),
            route=route,
        )

    def _some_poll(self) -> PollWindow | None:
        """Return a poll to vote in; None for the open poll."""
        if not self.polls or self._random.random() >= _IN_POLLS:
            return None
        near = [poll for poll in self.polls if poll.is_near(now_ms())]
        return self._random.choice(near) if near else None

    async def _vote(self, vote: SentVote) -> None:
        vote_id = await self._cast(vote)
        if vote_id is not None and self._random.random() < _REPEATED:
            await asyncio.sleep(self._random.choice(_REPEAT_AFTER_SECONDS) * self._random.random())
            await self._repeat(replace(vote, id=vote_id))

    async def _cast(self, vote: SentVote) -> str | None:
        """Send a vote until it is acknowledged; return its id, None when that did not happen."""
        begin = time.monotonic()
        for attempt in range(_ATTEMPTS):
            answer = await self._send(vote)
            if answer.status == HTTPStatus.CONFLICT and _is_closed(answer):
                return None
            if answer.document.get("type") == VoterProblem.VOTED_BEFORE:
                self.sent_votes.wrong_answers["'voted before' to a first vote"] += 1
            answered_id: str | None = answer.document.get("id")
            vote = replace(vote, id=vote.id or answered_id)
            if vote.id is None:
                if answer.status != HTTPStatus.CONFLICT and not is_stale(answer):
                    self.sent_votes.anonymous += 1
            else:
                self.sent_votes.sent.setdefault(vote.id, vote)
            if answer.status == HTTPStatus.ACCEPTED:
                self.sent_votes.acknowledge(vote, now := time.monotonic())
                self.waits.append(now - begin)
                return vote.id
            await asyncio.sleep(_RETRY_AFTER_SECONDS * 2**attempt * (0.5 + self._random.random()))
        return None

    async def _repeat(self, vote: SentVote) -> None:
        """Send a vote that already counts once more, perhaps on another route or altered."""
        self.sent_votes.repeats += 1
        altered = self._random.random() < _ALTERED
        if altered:
            vote = replace(vote, rank=101 - vote.rank)
        answer = await self._send(replace(vote, route=self._random.choice(list(Route))))
        if not altered and answer.document.get("type") == VoterProblem.VOTED_BEFORE:
            self.sent_votes.wrong_answers["'voted before' to the same vote"] += 1

    async def _send(self, vote: SentVote) -> ClientAnswer:
        headers = {} if vote.route is None else {CANARY_HEADER: FORCE[vote.route]}
        sent_ms = now_ms()
        answer = await self._client.post("/votes", headers, vote.document)
        if vote.poll and answer.status in {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}:
            poll = next(poll for poll in self.polls if poll.id == vote.poll)
            self.sent_votes.in_polls[_outcome(answer)] += 1
            if wrong := poll.wrong_answer(answer, sent_ms, now_ms()):
                self.sent_votes.wrong_answers[wrong] += 1
        self._judge(vote, answer)
        return answer

    def _judge(self, vote: SentVote, answer: ClientAnswer) -> None:
        """Record refusals, and answers that no client should get."""
        status, answered_id = answer.status, answer.document.get("id")
        kind = _kind(answer)
        if status == HTTPStatus.ACCEPTED:
            if answered_id is None or vote.id not in {None, answered_id}:
                self.sent_votes.wrong_answers["202 with another id, or none"] += 1
        elif status == HTTPStatus.CONFLICT and vote.poll:
            return  # judged by the times of the poll
        elif not may_be_sent_again(answer):
            self.sent_votes.wrong_answers[kind] += 1
        else:
            self.sent_votes.refusals[kind] += 1
            # A vote that was refused before it was judged has no id yet; nobody sends a voter's.
            has_id = answered_id is not None or is_stale(answer) or bool(vote.voter)
            if _is_ours(answer) and ("retry-after" not in answer.headers or not has_id):
                self.sent_votes.wrong_answers[f"{kind} without Retry-After or id"] += 1


def may_be_sent_again(answer: ClientAnswer) -> bool:
    """Whether a client may send the same vote again after this answer.

    The entry's own 500 is one: Traefik gives it for a request to a service that has just closed
    the connection. An error of our services is a problem, and a 500 among them is a fault.
    """
    is_entrys = answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and not _is_ours(answer)
    return is_entrys or answer.status in _RETRYABLE


def _is_ours(answer: ClientAnswer) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json")


def _is_closed(answer: ClientAnswer) -> bool:
    return answer.document.get("type") == RefusalKind.CLOSED


def _outcome(answer: ClientAnswer) -> str:
    if answer.status == HTTPStatus.ACCEPTED:
        return "acknowledged"
    if answer.document.get("type") == VoterProblem.VOTED_BEFORE:
        return "voted before"
    return "closed" if _is_closed(answer) else "not open yet"


def _kind(answer: ClientAnswer) -> str:
    """Return the status of an answer with its text, ours or that of a proxy."""
    words = answer.document.get("detail") or answer.body[:80].decode(errors="replace").strip()
    return f"{answer.status or ''} {answer.reason} {f'({words})' if words else ''}".strip()
