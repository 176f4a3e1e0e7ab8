"""A poll for the demo: it opens and closes while one watches, with votes over both routes."""

import asyncio
import random
import time
from collections import Counter
from http import HTTPStatus
from typing import Any, Final

import httpx

from harness.organisers.organiser import ENTRIES, Organiser
from harness.processes.console import say
from harness.processes.errors import ServerError
from harness.processes.waiting import until
from harness.system.stack import Stack
from harness.voters.http_client import ClientAnswer, HttpClient
from voting.domain.headers import ROUTE_HEADER
from voting.domain.times import from_rfc3339
from voting.polls.definition import Titles
from voting.polls.poll import LEAD_MS
from voting.service.clock_watch import now_ms

_TITLES: Final = Titles("Album of the night", "El disco de la noche")
_OPENS_AFTER_MS: Final = LEAD_MS + 2_000
_OPEN_MS: Final = 15_000
_AFTER_MS: Final = 2_000  # how long people go on voting after the end
_VOTES_PER_SECOND: Final = 40
_TIMEOUT_SECONDS: Final = 8.0
_PATIENCE_SECONDS: Final = 60.0


def show_poll(stack: Stack) -> int:
    """Run a poll to its final result; return 0 if that has every accepted vote once, else 1."""
    poll = f"demo-{time.strftime('%H%M%S')}"
    organiser = Organiser(stack.services["svc_polls"].url, stack.organiser_token)
    try:
        opens_at_ms = now_ms() + _OPENS_AFTER_MS
        state = organiser.define(poll, opens_at_ms, opens_at_ms + _OPEN_MS, titles=_TITLES)["poll"]
        page = f"{stack.entry.url}/p/{poll}"
        say(f"\nA poll opens in {_OPENS_AFTER_MS // 1000} s, for {_OPEN_MS // 1000} s.")
        say(f"vote      {page}\nstage     {page}/screen")
        answers = asyncio.run(_vote(stack, poll, from_rfc3339(state["opens_at"])))
        return asyncio.run(_show_result(stack, poll, answers))
    finally:
        organiser.close_connections()


async def _vote(stack: Stack, poll: str, opens_at_ms: int) -> list[ClientAnswer]:
    """Cast votes from the opening until a moment after the end; return their answers."""
    client = HttpClient(stack.entry.host, stack.entry.port, _TIMEOUT_SECONDS)
    chance = random.Random(poll)  # noqa: S311 - some variety
    weights = range(len(ENTRIES), 0, -1)
    votes: list[asyncio.Task[ClientAnswer]] = []
    try:
        await asyncio.sleep(max(0, opens_at_ms - now_ms()) / 1000)
        begin = time.monotonic()
        for number in range(_VOTES_PER_SECOND * (_OPEN_MS + _AFTER_MS) // 1000):
            await asyncio.sleep(max(0, begin + number / _VOTES_PER_SECOND - time.monotonic()))
            [entry] = chance.choices(ENTRIES, weights)
            vote = {"poll": poll, "entry": entry.id, "rank": chance.randint(40, 100)}
            votes.append(asyncio.create_task(client.post("/votes", {}, vote)))
        return await asyncio.gather(*votes)
    finally:
        client.close()


async def _show_result(stack: Stack, poll: str, answers: list[ClientAnswer]) -> int:
    statuses = Counter(answer.status for answer in answers)
    accepted = [answer for answer in answers if answer.status == HTTPStatus.ACCEPTED]
    routes = Counter(answer.headers.get(ROUTE_HEADER, "no route") for answer in accepted)
    shares = ", ".join(f"{count} over {route}" for route, count in sorted(routes.items()))
    say(
        f"{len(accepted)} votes accepted ({shares}); {statuses[HTTPStatus.CONFLICT]} came too late."
    )
    result: dict[str, Any] = {}

    async def is_final() -> bool:
        result.update(await _result(client, poll))
        return bool(result.get("final"))

    async with httpx.AsyncClient(base_url=stack.entry.url, trust_env=False) as client:
        await until(is_final, "the final result", _PATIENCE_SECONDS, error=ServerError)
    for entry in result["entries"]:
        say(f"{entry['place']:>2}. {entry['album']} ({entry['name']}): {entry['votes']} votes")
    others = len(answers) - len(accepted) - statuses[HTTPStatus.CONFLICT]
    if others or result["votes"] != len(accepted):
        say(f"The final result has {result['votes']} votes; {others} votes failed.")
        return 1
    say(f"The result is final: {result['votes']} votes, each accepted one once.")
    return 0


async def _result(client: httpx.AsyncClient, poll: str) -> dict[str, Any]:
    response = await client.get(f"/api/polls/{poll}/result")
    document: dict[str, Any] = response.json()
    return document
