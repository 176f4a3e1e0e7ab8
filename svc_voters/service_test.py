"""The service as processes, with real Kafka and a login that a test starts."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.waiting import wait_until
from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_voters.testing.login import AUDIENCE, ISSUER, KeyServer, Login, serve_keys
from svc_voters.testing.solving import solve
from svc_voters.ways.proof import Challenge
from voting.polls.event import Open, Revoke
from voting.testing.polls import CLASSES, KEYS, SCOPE, VOTER_KEYS, PollLog
from voting.voters.ballots import PollVoters, VoterProblem
from voting.voters.codes import make_code
from voting.voters.rules import VoterRules, Way

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

POLL = "best-album"
PATH = f"/voters/{POLL}"
RULES = VoterRules(scope=SCOPE, key=1, classes=CLASSES, ways=tuple(Way))
LOGIN = Login("RS256", "ES256")
SCOPE_KEYS = KEYS.scope_keys(1, SCOPE)


async def _append(kafka: KafkaServer, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("polls", value, partition=0)
    finally:
        await producer.stop()


@pytest.fixture(scope="module")
def polls(kafka: KafkaServer) -> PollLog:
    """Write a log of polls: one that is not open yet."""
    log = PollLog()
    log.define(1, poll=POLL, voters=RULES)
    asyncio.run(_append(kafka, [value for value, _ in log.records]))
    return log


@pytest.fixture(scope="module")
def login() -> Iterator[KeyServer]:
    with serve_keys(LOGIN.key_set) as server:
        yield server


@pytest.fixture(scope="module")
def settings(login: KeyServer) -> dict[str, str]:
    return {
        "VOTER_KEYS": VOTER_KEYS,
        "PROOF_OF_WORK": "100",
        "IDENTITY_JWKS_URL": login.url,
        "IDENTITY_ISSUER": ISSUER,
        "IDENTITY_AUDIENCE": AUDIENCE,
        "LOG_LEVEL": "debug",
    }


@pytest.fixture(scope="module")
def replicas(service: StartService, settings: dict[str, str]) -> list[Service]:
    return [service("svc_voters", **settings) for _ in range(2)]


@pytest.fixture
def clients(replicas: list[Service], polls: PollLog) -> Iterator[list[httpx.Client]]:
    """Return a client for each replica, when it knows the poll."""
    assert POLL in polls.book.polls
    found = [httpx.Client(base_url=one.url, timeout=30) for one in replicas]
    wait_until(lambda: all(one.get(PATH).status_code == 200 for one in found), "the poll")
    yield found
    for client in found:
        client.close()


def work(client: httpx.Client) -> dict[str, str]:
    challenge = client.get(PATH).json()["challenge"]
    return {"way": "open", "proof": solve(msgspec.convert(challenge, Challenge))}


def code(**fields: int) -> dict[str, str]:
    given = {"voter_class": 0, "batch": 1, "serial": 1} | fields
    return {"way": "code", "code": make_code(SCOPE_KEYS.code_key, **given)}


def token(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["voter"]
    PollVoters(POLL, RULES, SCOPE_KEYS).ballot_id(found, None, "moon")
    return found


def test_all_replicas_give_the_same_voter_the_same_token_before_the_poll_opens(
    clients: list[httpx.Client],
) -> None:
    first, second = clients
    proof = work(first)
    bodies: list[dict[str, Any]] = [
        proof,
        code(voter_class=1, serial=9),
        {"way": "identity", "identity": LOGIN.token("RS256", sub="ana")},
    ]
    given = [token(first.post(PATH, json=body)) for body in bodies]
    assert [token(second.post(PATH, json=body)) for body in bodies] == given
    assert len(set(given)) == len(given)
    assert first.cookies.items() == second.cookies.items()
    assert second.get(PATH).json()["challenge"] is None
    assert token(second.post(PATH, json={"way": "open"})) == given[0]


def test_an_answer_sent_again_and_again_to_all_replicas_gives_one_token(
    replicas: list[Service], clients: list[httpx.Client]
) -> None:
    proof = work(clients[0])

    def ask(number: int) -> str:
        url = replicas[number % len(replicas)].url
        return token(httpx.post(url + PATH, json=proof, timeout=30))

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(100)))) == 1


def test_codes_that_are_taken_back_give_no_token_any_more(
    clients: list[httpx.Client], kafka: KafkaServer, polls: PollLog
) -> None:
    for client in clients:
        token(client.post(PATH, json=code(batch=7)))
    polls.append(Open(), 2, POLL)
    polls.append(Revoke(batch=7), 3, POLL)
    asyncio.run(_append(kafka, [value for value, _ in polls.records[-2:]]))
    revoked = code(batch=7)
    wait_until(
        lambda: all(one.post(PATH, json=revoked).status_code == 403 for one in clients),
        "the change",
    )
    for client in clients:
        refused = client.post(PATH, json=revoked)
        assert refused.json()["type"] == VoterProblem.REVOKED
        token(client.post(PATH, json=code(batch=8)))


def test_a_login_that_hangs_holds_up_nobody_else(
    service: StartService, settings: dict[str, str], login: KeyServer, polls: PollLog
) -> None:
    assert POLL in polls.book.polls
    url = service("svc_voters", **settings).url + PATH  # it has no keys yet
    body = {"way": "identity", "identity": LOGIN.token("ES256")}
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(1) as pool:
        wait_until(lambda: client.get(url).status_code == 200, "the poll")
        asked, login.hangs = login.requests, True
        try:
            waiting = pool.submit(httpx.post, url, json=body, timeout=30)
            wait_until(lambda: login.requests > asked, "the question for the keys")
            given = 0
            while not waiting.done() and given < 50:
                given += 1
                token(client.post(url, json=code(serial=given)))
            assert given > 3  # none waits for that answer
            assert waiting.result().status_code == 503
        finally:
            login.hangs = False
        wait_until(lambda: client.post(url, json=body).status_code == 200, "the login again")


def test_no_log_has_what_a_voter_shows_or_gets(
    replicas: list[Service], clients: list[httpx.Client]
) -> None:
    client = clients[0]
    bodies = [work(client), code(), {"way": "identity", "identity": LOGIN.token("ES256")}]
    answers = [client.post(PATH, json=body) for body in bodies]
    client.post(PATH, json={"way": "code", "code": "1234-5678-9ABC-DEFG"})
    client.post(PATH, json={"way": "identity", "identity": "eyJ0.secret.token"})
    client.post(PATH, content=b'{"way": "code", "secret-field": 1}')
    log = replicas[0].log.read_text()
    assert re.search("ready", log)
    cookie = next(iter(client.cookies.values()))
    secrets = [*(body[key] for body in bodies for key in body if key != "way")]
    for secret in (*secrets, *map(token, answers), cookie, "1234-5678", "eyJ0", "secret"):
        assert secret not in log
