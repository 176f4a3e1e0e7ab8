"""A voter's token, from the entry to the vote that it lets in: the whole system."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from harness.organisers.organiser import Organiser
from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from harness.system.system import VOTER_KEY
from svc_voters.testing.solving import solve
from svc_voters.ways.proof import Challenge
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.vote import Route
from voting.voters.codes import make_code
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules, Way

pytest_plugins = ["harness.testing.fixtures"]

POLL = "best-album"
RULES = VoterRules(
    scope=POLL,
    key=VOTER_KEY,
    classes=(AUDIENCE, VoterClass("jury", 1)),
    ways=(Way.OPEN, Way.CODES),
)


@pytest.fixture(scope="module")
def stack(server_folder: Path) -> Iterator[Stack]:
    with Stack(server_folder, free_ports()) as stack:
        yield stack


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.entry.url, timeout=30, trust_env=False) as client:
        yield client


def ask(browser: httpx.Client, body: dict[str, str]) -> httpx.Response:
    return browser.post(f"/voters/{POLL}", json=body)


def vote(browser: httpx.Client, token: str, route: Route) -> httpx.Response:
    body = {"poll": POLL, "entry": "cantora", "rank": 1, "voter": token}
    return browser.post("/votes", json=body, headers={CANARY_HEADER: FORCE[route]})


def votes(browser: httpx.Client) -> Any:
    """Return how many votes of the poll count."""
    result = browser.get(f"/api/polls/{POLL}/result")
    return sum(row["votes"] for row in result.json()["entries"]) if result.is_success else None


def test_one_browser_and_one_code_have_one_vote_each_on_whichever_route(
    stack: Stack, browser: httpx.Client
) -> None:
    organiser = Organiser(stack.services["svc_polls"].url, stack.organiser_token)
    organiser.define(POLL, voters=RULES)
    wait_until(lambda: browser.get(f"/voters/{POLL}").is_success, "the poll")

    challenge = browser.get(f"/voters/{POLL}").json()["challenge"]
    proof = solve(msgspec.convert(challenge, Challenge))
    given = ask(browser, {"way": "open", "proof": proof})
    token = given.json()["voter"]
    assert "Secure" not in given.headers["set-cookie"]  # it came by HTTP

    keys = stack.voter_keys.scope_keys(VOTER_KEY, POLL)
    code = make_code(keys.code_key, voter_class=1, batch=3, serial=1)
    juror = ask(browser, {"way": "code", "code": code}).json()
    assert juror["voter_class"] == "jury"

    assert vote(browser, token, Route.HTTP).status_code == 409  # not open yet
    organiser.open(POLL)
    organiser.close_connections()
    wait_until(lambda: vote(browser, token, Route.HTTP).status_code == 202, "the poll is open")

    stack.services["svc_voters"].kill()
    stack.services["svc_voters"].start()
    wait_until(lambda: ask(browser, {"way": "open"}).is_success, "tokens")
    assert ask(browser, {"way": "open"}).json()["voter"] == token
    assert ask(browser, {"way": "code", "code": code}).json() == juror

    for voter in (token, juror["voter"]):
        wait_until(partial(_takes, browser, voter), "both routes")
    wait_until(lambda: votes(browser) == 2, "the count")


def _takes(browser: httpx.Client, token: str) -> bool:
    answers = [vote(browser, token, route) for route in Route]
    return {answer.status_code for answer in answers} == {202}
