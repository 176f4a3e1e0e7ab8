"""The contract of `POST /votes`, checked on both routes: real services, real Kafka.

`vote_api_test.py` tests how a body is read in detail; these tests check what a client sees.
"""

import asyncio
import json
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from harness.processes.waiting import STUCK_SECONDS, wait_until
from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from voting.domain.codec import decode_vote, encode_vote
from voting.domain.vote import Route, Vote, partition_of
from voting.polls.event import Open, Revoke
from voting.polls.known_polls import NO_SUCH_ENTRY, RefusalKind
from voting.testing.polls import (
    CLASSES,
    EARLY,
    OPENS_LATER_MS,
    POLL,
    REVOKED_BATCH,
    SCOPE,
    VOTER_KEYS,
    WITH_VOTERS,
    PollLog,
    voter_token,
)
from voting.voters.ballots import VoterProblem
from voting.voters.rules import VoterRules

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

GOOD = {"name": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973, "rank": 29}
PARTITIONS = 6


@pytest.fixture(scope="session")
def services(service: StartService) -> dict[tuple[Route, bool], Service]:
    """Run both routes, each on the lean path and on Sanic's own handler."""
    server = service("svc_grpc_server")
    grpc = {"GRPC_TARGET": server.grpc_target}
    return {
        (route, lean): service(name, LEAN_PATH=str(lean).lower(), VOTER_KEYS=VOTER_KEYS, **settings)
        for route, name, settings in (
            (Route.HTTP, "svc_http_route", {}),
            (Route.GRPC, "svc_grpc_client", grpc),
        )
        for lean in (False, True)
    }


@pytest.fixture(params=list(Route))
def route(request: pytest.FixtureRequest) -> Route:
    chosen: Route = request.param
    return chosen


@pytest.fixture(params=[False, True], ids=["ordinary", "lean"])
def lean(request: pytest.FixtureRequest) -> bool:
    chosen: bool = request.param
    return chosen


@pytest.fixture
def client(
    services: dict[tuple[Route, bool], Service], route: Route, lean: bool
) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=services[route, lean].url, timeout=30) as client:
        yield client


def post(client: httpx.Client, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        "/votes", content=content, headers={"content-type": "application/json"} | named
    )


async def _stored(kafka: KafkaServer, vote_id: str) -> list[tuple[Vote, dict[str, bytes]]]:
    partition = TopicPartition("votes", partition_of(vote_id, PARTITIONS))
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.address)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[tuple[Vote, dict[str, bytes]]] = []
        while await consumer.position(partition) < end:
            found += [
                (decode_vote(record.value), dict(record.headers))
                for record in (await consumer.getmany(timeout_ms=1000)).get(partition, [])
                if record.key == vote_id.encode()
            ]
        return found
    finally:
        await consumer.stop()


def stored(kafka: KafkaServer, vote_id: str) -> list[tuple[Vote, dict[str, bytes]]]:
    """Return what Kafka has for an id, in the id's partition."""
    return asyncio.run(_stored(kafka, vote_id))


def test_a_vote_is_accepted_when_kafka_has_it(
    client: httpx.Client, route: Route, kafka: KafkaServer
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = post(client, GOOD, traceparent=trace)
    assert answer.status_code == 202
    assert answer.headers["x-vote-route"] == route
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["id"]
    [(vote, headers)] = stored(kafka, answer.json()["id"])
    assert (vote.name, vote.album, vote.year, vote.rank) == tuple(GOOD.values())
    assert vote.route == route
    assert headers["traceparent"] == trace.encode()


def test_the_client_may_choose_the_id_in_the_body(client: httpx.Client, kafka: KafkaServer) -> None:
    vote_id = str(uuid.uuid4())
    answer = post(client, GOOD | {"id": vote_id, "year": "1973", "rank": "29"})
    assert (answer.status_code, answer.json()) == (202, {"id": vote_id})
    [(vote, _)] = stored(kafka, vote_id)
    assert (vote.year, vote.rank) == (1973, 29)


def test_the_client_may_choose_the_id_in_a_header(client: httpx.Client) -> None:
    vote_id = str(uuid.uuid4())
    assert post(client, GOOD, idempotency_key=vote_id).json() == {"id": vote_id}


def test_a_repeated_id_is_accepted_again_and_shares_a_partition(
    client: httpx.Client, kafka: KafkaServer
) -> None:
    vote_id = str(uuid.uuid4())
    for _ in range(2):
        assert post(client, GOOD | {"id": vote_id}).status_code == 202
    assert len(stored(kafka, vote_id)) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        (b"{", {}, 400, None),
        (b"[]", {}, 422, None),
        (GOOD | {"album": "x" * 5000}, {}, 413, None),
        (GOOD, {"content_type": "text/plain"}, 415, None),
        (GOOD | {"rank": 101}, {}, 422, "rank"),
        (GOOD | {"year": None}, {}, 422, "year"),
        (GOOD | {"name": 7}, {}, 422, "name"),
        (GOOD | {"album": " "}, {}, 422, "album"),
        (GOOD | {"color": "red"}, {}, 422, "color"),
        (GOOD | {"id": "7"}, {}, 422, "id"),
        (GOOD, {"idempotency_key": "7"}, 422, "id"),
        ({"name": "Pink Floyd"}, {}, 422, "album"),
    ],
)
def test_a_wrong_request_gets_a_problem_that_names_the_field(
    client: httpx.Client,
    route: Route,
    body: object,
    headers: dict[str, str],
    status: int,
    field: str | None,
) -> None:
    answer = post(client, body, **headers)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-vote-route"] == route
    assert problem.get("field") == field
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/votes", 405), ("GET", "/nothing", 404)]
)
def test_other_errors_have_the_same_shape(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_health_readiness_and_the_document_are_served(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    document = client.get("/openapi.json").json()
    responses = document["paths"]["/votes"]["post"]["responses"]
    refusals = {"400", "401", "403", "404", "408", "409", "413", "415", "422", "431", "503"}
    assert set(responses) == {"202", "303", *refusals}


def metric(client: httpx.Client, name: str, **labels: str) -> float:
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0.0


def test_the_metrics_count_what_was_accepted_and_refused(
    client: httpx.Client, route: Route
) -> None:
    def counts() -> tuple[float, float, float]:
        return (
            metric(client, "votes_accepted_total", route=route),
            metric(client, "votes_refused_total", route=route, status="422"),
            metric(client, "vote_request_seconds_count", route=route),
        )

    before = counts()
    post(client, GOOD)
    post(client, GOOD | {"rank": 0})
    assert [after - old for after, old in zip(counts(), before, strict=True)] == [1, 1, 1]


def test_pending_votes_are_answered_when_the_service_stops(
    service: StartService, kafka: KafkaServer, lean: bool
) -> None:
    settings = {"ACK_TIMEOUT_SECONDS": "30", "LEAN_PATH": str(lean).lower()}
    route = service("svc_http_route", **settings)
    with httpx.Client(base_url=route.url, timeout=60) as client, ThreadPoolExecutor(3) as voters:
        kafka.pause()  # delays the acknowledgements
        try:
            answers = [voters.submit(post, client, GOOD) for _ in range(3)]
            wait_until(lambda: in_flight(client) == 3, "all votes are pending")
            route.ask_to_stop()
            wait_until(lambda: not is_listening(route), "no new connection is accepted")
        finally:
            kafka.resume()
        assert [answer.result().status_code for answer in answers] == [202] * 3
    wait_until(lambda: not route.running, "the service has ended")


def in_flight(client: httpx.Client) -> float:
    return metric(client, "vote_batch_size_sum", to="kafka")


def is_listening(route: Service) -> bool:
    try:
        socket.create_connection((route.host, route.port), 10).close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("name", ["svc_http_route", "svc_grpc_client", "svc_grpc_server"])
@pytest.mark.parametrize(
    ("setting", "value"), [("PORT", "http"), ("LOG_LEVEL", "loud"), ("HOST", "")]
)
def test_a_wrong_setting_is_named_and_ends_the_service_with_2(
    name: str, setting: str, value: str, services: dict[tuple[Route, bool], Service]
) -> None:
    ended = _run(name, services, **{setting: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{name}: setting {setting}: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["svc_http_route", "svc_grpc_client", "svc_grpc_server"])
def test_a_port_in_use_is_named(name: str, services: dict[tuple[Route, bool], Service]) -> None:
    taken = services[Route.HTTP, True].port
    ended = _run(name, services, PORT=str(taken))
    assert ended.returncode == 1
    assert f"{name}: cannot listen on 127.0.0.1:{taken}" in ended.stderr


def _run(
    name: str, services: dict[tuple[Route, bool], Service], **settings: str
) -> subprocess.CompletedProcess[str]:
    running = services[Route.HTTP, True]
    twin = Service(name, running.port, running.data.parent / "wrong", {})
    environment: dict[str, Any] = {**os.environ, **twin.environment(), **settings}
    return subprocess.run(
        twin.command(),
        env=environment,
        capture_output=True,
        text=True,
        timeout=STUCK_SECONDS,
        check=False,
    )


async def _append(kafka: KafkaServer, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("polls", value, partition=0)
    finally:
        await producer.stop()


@pytest.fixture(scope="session")
def polls(kafka: KafkaServer) -> PollLog:
    """Write a log of polls: one is open to all, one to voters, and one not yet."""
    log = PollLog()
    log.define(1)
    log.append(Open(), 2)
    log.define(3, poll=EARLY, opens_at_ms=OPENS_LATER_MS)
    log.define(4, poll=WITH_VOTERS, voters=VoterRules(scope=SCOPE, key=1, classes=CLASSES))
    log.append(Open(), 5, WITH_VOTERS)
    log.append(Revoke(batch=REVOKED_BATCH), 6, WITH_VOTERS)
    asyncio.run(_append(kafka, [value for value, _ in log.records]))
    return log


@pytest.mark.usefixtures("polls")
def test_a_vote_in_a_poll_is_accepted_on_both_routes_alike(
    client: httpx.Client, route: Route, kafka: KafkaServer
) -> None:
    body = {"poll": POLL, "entry": "blue", "rank": 5}
    wait_until(lambda: post(client, body).status_code == 202, "the poll")
    answer = post(client, body)
    [(vote, _)] = stored(kafka, answer.json()["id"])
    assert (vote.poll, vote.entry, vote.poll_event, vote.route) == (POLL, "blue", 6, route)
    assert (vote.name, vote.album, vote.year, vote.rank) == ("Joni Mitchell", "Blue", 1971, 5)


@pytest.mark.usefixtures("polls")
def test_a_voters_second_vote_is_a_copy_of_the_first_or_refused(
    client: httpx.Client,
    services: dict[tuple[Route, bool], Service],
    route: Route,
    kafka: KafkaServer,
) -> None:
    token = voter_token(int.from_bytes(os.urandom(8)))
    body = {"poll": WITH_VOTERS, "entry": "blue", "rank": 5, "voter": token}
    wait_until(lambda: post(client, body).status_code == 202, "the poll")
    vote_id = post(client, body).json()["id"]
    assert len(stored(kafka, vote_id)) == 1

    refused = post(client, body | {"rank": 6})
    assert (refused.status_code, refused.json()["type"]) == (409, VoterProblem.VOTED_BEFORE)
    assert refused.json()["voted_at"][:4].isdigit()

    (other,) = set(Route) - {route}
    with httpx.Client(base_url=services[other, True].url, timeout=30) as elsewhere:
        again = post(elsewhere, body | {"rank": 6})
    assert (again.status_code, again.json()["id"]) == (202, vote_id)
    assert [vote.rank for vote, _ in stored(kafka, vote_id)] == [5, 6]  # the first counts
    assert token.encode() not in b"".join(encode_vote(v) for v, _ in stored(kafka, vote_id))


@pytest.mark.usefixtures("polls")
def test_only_the_body_says_whose_vote_it_is(client: httpx.Client, kafka: KafkaServer) -> None:
    token, others = (voter_token(int.from_bytes(os.urandom(8))) for _ in range(2))
    body = {"poll": WITH_VOTERS, "entry": "blue", "rank": 5}
    elsewhere = {
        "authorization": f"Bearer {others}",
        "cookie": f"voter={others}",
        "voter": others,
        "x-voter": others,
    }
    wait_until(lambda: post(client, body).status_code == 401, "the poll")
    missing = client.post("/votes", json=body, headers=elsewhere)
    assert (missing.status_code, missing.json()["type"]) == (401, VoterProblem.MISSING)
    answer = client.post(f"/votes?voter={others}", json=body | {"voter": token}, headers=elsewhere)
    assert answer.status_code == 202
    assert post(client, body | {"voter": token}).json()["id"] == answer.json()["id"]
    assert len(stored(kafka, answer.json()["id"])) == 1
    assert post(client, body | {"voter": others}).json()["id"] != answer.json()["id"]


@pytest.mark.usefixtures("polls")
def test_a_vote_carries_its_voters_class(
    client: httpx.Client, route: Route, kafka: KafkaServer
) -> None:
    body = {"poll": WITH_VOTERS, "entry": "blue", "rank": 5, "voter": voter_token()}
    wait_until(lambda: post(client, body).status_code in {202, 409}, "the poll")
    token = voter_token(int.from_bytes(os.urandom(8)), voter_class=1)
    answer = post(client, body | {"voter": token})
    [(vote, _)] = stored(kafka, answer.json()["id"])
    assert (vote.voter_class, vote.route) == (1, route)


@pytest.mark.usefixtures("polls")
@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        (
            {"poll": WITH_VOTERS, "voter": voter_token(scope="another")},
            403,
            VoterProblem.OTHER_POLLS,
        ),
        (
            {"poll": WITH_VOTERS, "voter": voter_token(batch=REVOKED_BATCH)},
            403,
            VoterProblem.REVOKED,
        ),
        ({"poll": WITH_VOTERS}, 401, VoterProblem.MISSING),
        ({"poll": "missing"}, 404, RefusalKind.NO_SUCH_POLL),
        ({"poll": EARLY}, 409, RefusalKind.NOT_OPEN),
        ({"entry": "missing"}, 422, NO_SUCH_ENTRY),
    ],
)
def test_a_refusal_of_a_poll_is_the_same_on_both_routes(
    client: httpx.Client, changes: dict[str, str], status: int, kind: str
) -> None:
    body: dict[str, object] = {"poll": POLL, "entry": "blue", "rank": 5}
    wait_until(lambda: post(client, body).status_code == 202, "the poll")
    answer = post(client, body | changes)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.json().get("opens_at") == (
        "2100-01-01T00:00:00.000Z" if kind == RefusalKind.NOT_OPEN else None
    )
