"""Votes as JSON: read as a route reads them, and a sink whose result a test sets."""

import asyncio
import json
from typing import Final

import pytest

from voting.casting.sink import OnResult
from voting.domain.vote import Route, Vote
from voting.http.problem import ProblemError
from voting.route.vote_api import read_json_vote
from voting.service.clock_watch import now_ms
from voting.testing.polls import trial_polls

NEW_ID: Final = "019ab3c4-5d6e-7f80-9a1b-000000000000"
"""The id of a vote that comes without one."""


def read(body: object, key: str | None = None) -> Vote:
    """Return the vote in a body, an object or bytes, with `key` in its header."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_json_vote(data, key, Route.HTTP, lambda: NEW_ID, trial_polls(now_ms()))


def problem(body: object, key: str | None = None) -> ProblemError:
    """Return the error that reading the same raises."""
    with pytest.raises(ProblemError) as caught:
        read(body, key)
    return caught.value


class SetSink:
    """A `VoteSink` that keeps its votes, and whose result is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.votes: list[Vote] = []

    def new_id(self) -> str:
        """Return always the same id."""
        return NEW_ID

    def cast(self, vote: Vote, _traceparent: str | None, on_result: OnResult) -> None:
        """Keep the vote."""
        self.votes.append(vote)
        asyncio.get_running_loop().call_soon(on_result, self.error)
