"""The whole system at work, and through the faults that a vote has to survive."""

import asyncio
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import pytest

from harness.processes.ports import free_ports
from harness.processes.server import Server
from harness.processes.waiting import usual_seconds, wait_until
from harness.servers.services import Service
from harness.system.stack import Stack
from tools.services.roster import SERVICES, UNARY_CLIENT
from voting.domain.headers import CANARY_HEADER, FORCE, UNARY_HOST
from voting.domain.tally import Tally
from voting.domain.vote import Route
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

pytest_plugins = ["harness.testing.fixtures"]

PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy")
ROUTE_SERVICES: Final = ("svc_grpc_server", "svc_grpc_client", "svc_http_route")
# Not svc_results: without Kafka its page goes on, and polls' pages say that they may be old.
NEED_KAFKA: Final = (
    "svc_grpc_client",
    *(
        name
        for name, service in SERVICES.items()
        if "kafka" in service.needs and name != "svc_results"
    ),
)
ALBUM: Final = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}


class Projections(NamedTuple):
    """The contents of both projections."""

    tally: Tally
    log_tally: Tally
    log_count: int


class Voters:
    """Casts votes through the entry and records which were accepted."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.accepted: set[str] = set()

    def cast(self, route: Route | None = None, vote_id: str | None = None) -> httpx.Response:
        return self._cast({CANARY_HEADER: FORCE[route]} if route else {}, vote_id)

    def _cast(self, headers: dict[str, str], vote_id: str | None) -> httpx.Response:
        vote = ALBUM | ({"id": vote_id} if vote_id else {})
        url = f"{self.stack.entry.url}/votes"
        answer = httpx.post(url, json=vote, headers=headers, timeout=30)
        if answer.status_code == httpx.codes.ACCEPTED:
            self.accepted.add(answer.json()["id"])
        return answer

    def cast_unary(self, vote_id: str | None = None) -> httpx.Response:
        """Cast a vote that gets a gRPC call of its own, with a header that must not matter."""
        return self._cast({"Host": UNARY_HOST, CANARY_HEADER: FORCE[Route.HTTP]}, vote_id)

    def cast_on_both(self, ids: dict[Route, str] | None = None) -> dict[Route, httpx.Response]:
        """Cast a vote on each route at the same time."""
        with ThreadPoolExecutor() as threads:
            pending = {r: threads.submit(self.cast, r, (ids or {}).get(r)) for r in Route}
        return {route: answer.result() for route, answer in pending.items()}

    def all_counted(self) -> bool:
        """Whether every accepted vote, and no other, is in both projections, and once."""
        found = asyncio.run(read_projections(self.stack))
        log_agrees = found.log_count == len(self.accepted) == found.log_tally.votes
        same_albums = found.tally.albums == found.log_tally.albums
        return log_agrees and same_albums and found.tally.routes == found.log_tally.routes


async def read_projections(stack: Stack) -> Projections:
    log, store = VoteLog(stack.mongodb.url, "voting"), TallyStore(stack.redis.url)
    try:
        return Projections(await store.read(), await log.tally(), await log.count())
    finally:
        log.close()
        await store.close()


@pytest.fixture(scope="module")
def stack(server_folder: Path) -> Iterator[Stack]:
    """Run the stack in a shell whose variables name a proxy that does not exist."""
    stack = Stack(server_folder, free_ports(), has_unary=True)
    with pytest.MonkeyPatch.context() as shell:
        for name in PROXY_VARIABLES:
            shell.setenv(name, "http://127.0.0.1:9")
        started = ExitStack()
        started.enter_context(stack)
    with started:
        yield stack


@pytest.fixture(scope="module")
def voters(stack: Stack) -> Voters:
    return Voters(stack)


@contextmanager
def stopped(*servers: Server) -> Iterator[None]:
    for server in servers:
        server.stop()
    yield
    for server in reversed(servers):
        server.start()


def readiness(service: Service) -> int:
    return httpx.get(f"{service.url}/readyz", timeout=10).status_code


def wait_for_readiness(services: Iterable[Service], status: int) -> None:
    """Wait until every service answers /readyz with this status."""
    for service in services:
        wait_until(partial(answers_ready_with, service, status), f"{service.name}: {status}")


def answers_ready_with(service: Service, status: int) -> bool:
    return readiness(service) == status


def test_votes_of_both_routes_are_counted_and_shown(stack: Stack, voters: Voters) -> None:
    answers = [voters.cast() for _ in range(20)]
    assert [answer.status_code for answer in answers] == [202] * 20
    routes = [answer.headers["X-Vote-Route"] for answer in answers]
    assert (routes.count("grpc"), routes.count("http")) == (10, 10)
    wait_until(lambda: results(stack)["total"] == 20, "20 votes in the results")
    shown = results(stack)
    assert [(a["album"], a["votes"], a["average_rank"]) for a in shown["albums"]] == [
        ("Cantora", 20, 90)
    ]
    assert {route: r["votes"] for route, r in shown["routes"].items()} == {"grpc": 10, "http": 10}
    assert voters.all_counted()


def results(stack: Stack) -> Any:
    return httpx.get(f"{stack.entry.url}/api/results", timeout=10).raise_for_status().json()


def test_a_repeated_id_counts_once_whatever_its_route(voters: Voters) -> None:
    vote_id = str(uuid4())
    for _ in range(2):
        answers = voters.cast_on_both(dict.fromkeys(Route, vote_id))
        assert {a.status_code for a in answers.values()} == {202}
        assert {a.json()["id"] for a in answers.values()} == {vote_id}
    wait_until(voters.all_counted, "each vote counted once")


def test_votes_in_calls_of_their_own_count_once(stack: Stack, voters: Voters) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: voters.cast_unary(), range(40)))
    assert [answer.status_code for answer in answers] == [202] * 40
    assert {answer.headers["X-Vote-Route"] for answer in answers} == {"grpc"}
    repeated = answers[0].json()["id"]
    assert voters.cast_unary(repeated).status_code == 202
    assert voters.cast(Route.HTTP, repeated).status_code == 202
    with stopped(stack.services["svc_grpc_server"]):
        refused = voters.cast_unary()
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
    wait_for_readiness([stack.services[UNARY_CLIENT]], 200)
    assert voters.cast_unary(refused.json()["id"]).status_code == 202
    wait_until(voters.all_counted, "each vote counted once")


def test_prometheus_reads_every_service(stack: Stack) -> None:
    def up() -> dict[str, str]:
        answer = httpx.get(f"{stack.prometheus.url}/api/v1/query", params={"query": "up"})
        return {r["metric"]["job"]: r["value"][1] for r in answer.json()["data"]["result"]}

    wait_until(lambda: up() == dict.fromkeys([*stack.services, "traefik"], "1"), "all up")


def test_votes_refused_while_kafka_is_down_count_once_when_retried(
    stack: Stack, voters: Voters
) -> None:
    with stopped(stack.kafka):
        refused = voters.cast_on_both()
        for answer in refused.values():
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        routes = [stack.services[name] for name in ROUTE_SERVICES]
        wait_for_readiness(routes, 503)
        assert {httpx.get(f"{route.url}/healthz").status_code for route in routes} == {200}
    wait_for_readiness(routes, 200)
    ids = {route: answer.json()["id"] for route, answer in refused.items()}
    for _ in range(2):
        retried = voters.cast_on_both(ids)
        assert {route: answer.json() for route, answer in retried.items()} == {
            route: {"id": vote_id} for route, vote_id in ids.items()
        }
    wait_until(voters.all_counted, "each vote counted once")


@pytest.mark.parametrize(
    ("name", "other"), [("svc_grpc_server", Route.HTTP), ("svc_http_route", Route.GRPC)]
)
def test_a_killed_route_leaves_all_votes_to_the_other(
    stack: Stack, voters: Voters, name: str, other: Route
) -> None:
    def routes(votes: int) -> list[str]:
        answers = [voters.cast() for _ in range(votes)]
        return [answer.headers.get("X-Vote-Route", "") for answer in answers if answer.is_success]

    service = stack.services[name]

    def lose() -> None:
        service.kill()
        wait_until(lambda: routes(10) == [other] * 10, f"ten votes on {other}")

    def regain() -> None:
        assert routes(20) == [other] * 20
        service.start()
        wait_until(lambda: sorted(routes(10)) == ["grpc"] * 5 + ["http"] * 5, "both routes")

    noticed, _ = usual_seconds(lose, regain, times=3)
    assert noticed < 5
    wait_until(voters.all_counted, "each vote counted once")


@pytest.mark.parametrize("name", ["redis", "mongodb"])
def test_votes_are_accepted_while_a_store_is_down_and_counted_later(
    stack: Stack, voters: Voters, name: str
) -> None:
    consumer = stack.services["svc_consumer"]
    with stopped(getattr(stack, name)):
        answers = voters.cast_on_both()
        assert {answer.status_code for answer in answers.values()} == {202}
        wait_for_readiness([consumer], 503)
        consumer.check_running()
    wait_until(voters.all_counted, "each vote counted once")
    wait_for_readiness([consumer], 200)


def test_services_wait_for_a_kafka_that_starts_after_them(stack: Stack, voters: Voters) -> None:
    services = [stack.services[name] for name in NEED_KAFKA]
    for server in [*services, stack.kafka]:
        server.stop()
    for service in services:
        service.ready_path = "/healthz"
        service.start()
        assert readiness(service) == 503
    stack.kafka.start()
    wait_for_readiness(services, 200)
    assert {answer.status_code for answer in voters.cast_on_both().values()} == {202}
    wait_until(voters.all_counted, "each vote counted once")
    stack.check_running()
