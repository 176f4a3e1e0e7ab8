"""The service as a process, with real Redis and a server that speaks MongoDB's protocol."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from redis import Redis

from harness.processes.server import Server
from harness.processes.waiting import STUCK_SECONDS, usual_seconds, wait_until
from harness.servers.services import Service
from voting.domain.tally import tally_of
from voting.domain.vote import Route, Vote
from voting.stores.errors import NO_POSITION
from voting.stores.logged_vote import to_document
from voting.stores.tally_reader import COMMANDS
from voting.stores.tally_store import TallyMove, TallyStore
from voting.stores.vote_log import VoteLog
from voting.testing.examples import vote_with

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.servers.mongodb_server import MongodbServer
    from harness.servers.redis_server import RedisServer
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

FRESH_SECONDS = 1.0


class FakeConsumer:
    """Counts and logs votes as the consumer does; `votes` is how many are in the open poll."""

    def __init__(self, redis_url: str, mongodb_url: str) -> None:
        self._urls = redis_url, mongodb_url
        self._position = NO_POSITION
        self._records = 0
        self.votes = 0

    def count(self, *albums: str) -> None:
        """Count a vote for each of these albums."""
        asyncio.run(self._count([_vote(album) for album in albums]))

    def count_in_poll(self, poll: str, entry: str, album: str) -> None:
        """Count a vote in a poll."""
        vote = msgspec.structs.replace(_vote(album), poll=poll, entry=entry, poll_event=1)
        asyncio.run(self._count([vote]))

    async def _count(self, votes: list[Vote]) -> None:
        store, log = TallyStore(self._urls[0]), VoteLog(self._urls[1], "voting")
        first = self._records
        self._records += len(votes)
        self.votes += sum(not vote.poll for vote in votes)
        position = f"{self._records - 1}:{votes[-1].id}"
        try:
            await log.ensure_indexes()
            documents = [to_document(vote, 0, first + i) for i, vote in enumerate(votes)]
            assert await log.insert(documents) == []
            [moved] = await store.advance([TallyMove(0, self._position, position, tally_of(votes))])
            assert moved == position
        finally:
            log.close()
            await store.close()
        self._position = position


def _vote(album: str) -> Vote:
    now = time.time_ns() // 1_000_000
    return vote_with(id=str(uuid4()), album=album, route=Route.GRPC, cast_at_ms=now)


@pytest.fixture(scope="module")
def results(service: StartService) -> Service:
    return service("svc_results")


@pytest.fixture(scope="module")
def consumer(redis_server: RedisServer, mongodb: MongodbServer) -> FakeConsumer:
    return FakeConsumer(redis_server.url, mongodb.url)


@pytest.fixture
def client(results: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=results.url, timeout=10) as client:
        yield client


@contextmanager
def watching(results: Service) -> Iterator[list[dict[str, Any]]]:
    """Collect the stream's snapshots in a list while the context lasts."""
    seen: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{results.url}/api/events", timeout=30) as stream:

        def read() -> None:
            # Ends when either side closes the stream.
            with suppress(httpx.HTTPError, httpx.StreamError):
                for line in stream.iter_lines():
                    take_snapshot(line, seen)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        yield seen
    thread.join(10)
    assert not thread.is_alive()


def take_snapshot(line: str, seen: list[dict[str, Any]]) -> None:
    if line.startswith('data: {"at"'):
        seen.append(msgspec.json.decode(line.removeprefix("data: ")))


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    yield
    server.start()


def reason(client: httpx.Client) -> str | None:
    """Return why the service is not ready; None if it is."""
    answer: dict[str, str] = client.get("/readyz").json()
    return answer.get("reason")


def test_counted_votes_are_shown(client: httpx.Client, consumer: FakeConsumer) -> None:
    consumer.count("Las últimas composiciones", "Las últimas composiciones", "Cantos de Chile")
    wait_until(lambda: client.get("/api/results").json()["total"] == consumer.votes, "the result")
    snapshot = client.get("/api/results").json()
    assert snapshot["albums"][0]["album"] == "Las últimas composiciones"
    assert snapshot["albums"][0]["votes"] == 2
    wait_until(lambda: "Cantos de Chile" in client.get("/").text, "the log")
    first = client.get("/api/votes?limit=2").json()
    second = client.get("/api/votes", params={"limit": 2, "after": first["next"]}).json()
    assert [len(page["votes"]) for page in (first, second)] == [2, 1]
    assert len({vote["id"] for vote in first["votes"] + second["votes"]}) == 3


def test_a_change_reaches_watchers_within_a_second(
    results: Service, consumer: FakeConsumer
) -> None:
    with watching(results) as seen:
        wait_until(lambda: seen != [], "the first snapshot")

        def change() -> None:
            consumer.count("Décimas")
            wait_until(lambda: seen[-1]["total"] == consumer.votes, "the change")

        assert max(usual_seconds(change)) < FRESH_SECONDS


@pytest.mark.parametrize(
    ("name", "store", "part"), [("redis_server", "Redis", "tally"), ("mongodb", "MongoDB", "log")]
)
def test_a_stopped_store_is_named_until_it_recovers(
    client: httpx.Client,
    consumer: FakeConsumer,
    request: pytest.FixtureRequest,
    name: str,
    store: str,
    part: str,
) -> None:
    consumer.count("Canciones reencontradas en París")
    wait_until(lambda: client.get("/api/results").json()["total"] == consumer.votes, "the result")
    with stopped(request.getfixturevalue(name)):
        wait_until(lambda: reason(client) == f"{store} is not responding", "not ready")
        results = client.get("/api/results").json()
        assert results["total"] == consumer.votes
        assert results["unavailable"][part]
        page = client.get("/")
        assert page.status_code == httpx.codes.OK
        assert f'id="{part}-notice" role="status">' in page.text  # not hidden
    wait_until(lambda: reason(client) is None, "ready")
    consumer.count("Canciones reencontradas en París")
    wait_until(lambda: client.get("/api/results").json()["total"] == consumer.votes, "the result")


def test_a_hanging_store_is_named_until_it_recovers(
    client: httpx.Client, redis_server: RedisServer
) -> None:
    redis_server.pause()
    try:
        wait_until(lambda: reason(client) == "Redis is not responding", "not ready")

        def look() -> None:
            assert client.get("/").status_code == httpx.codes.OK

        assert max(usual_seconds(look)) < FRESH_SECONDS
    finally:
        redis_server.resume()
    wait_until(lambda: reason(client) is None, "ready")


def test_the_service_only_reads_from_its_stores(
    results: Service, client: httpx.Client, consumer: FakeConsumer, redis_server: RedisServer
) -> None:
    """The manifests give the service read-only users."""
    consumer.count("Run Run se fue pa'l Norte")
    wait_until(lambda: client.get("/api/results").json()["total"] == consumer.votes, "the result")
    redis = Redis.from_url(redis_server.url)
    redis.config_resetstat()
    wait_until(lambda: "cmdstat_hlen" in redis.info("commandstats"), "a reading")
    asked = set(redis.info("commandstats")) - {"cmdstat_config|resetstat", "cmdstat_info"}
    redis.close()
    assert {name.removeprefix("cmdstat_") for name in asked} <= {*COMMANDS, "client|setinfo"}
    modules = run_python("import svc_results.service, sys; print(*sys.modules)").split()
    assert "voting.stores.tally_reader" in modules
    writers = {"tally_store", "tally_correction", "vote_log"}
    assert not {f"voting.stores.{name}" for name in writers} & {*modules}


PUBLIC = ("/", "/api/results", "/api/votes", "/api/albums", "/metrics")


def test_votes_in_polls_show_nowhere_in_the_open_poll(
    client: httpx.Client, consumer: FakeConsumer, results: Service
) -> None:
    with watching(results) as seen:
        wait_until(lambda: seen != [], "the first snapshot")
        consumer.count_in_poll("secret-poll", "secret-entry", album="Secret album")
        consumer.count("After the poll")
        wait_until(lambda: seen[-1]["total"] == consumer.votes, "the vote")
        pages = {path: client.get(path).text for path in PUBLIC}
    assert "After the poll" in pages["/api/votes"]
    assert "After the poll" in pages["/api/results"]
    secret = {path for path, text in {**pages, "events": str(seen)}.items() if "ecret" in text}
    assert secret == set()


def test_the_service_starts_without_its_stores_and_is_not_ready(service: StartService) -> None:
    nowhere = service(
        "svc_results",
        ready_path="/healthz",
        REDIS_URL="redis://127.0.0.1:9/0",
        MONGODB_URL="mongodb://127.0.0.1:9",
    )
    assert httpx.get(f"{nowhere.url}/").status_code == httpx.codes.OK
    assert httpx.get(f"{nowhere.url}/readyz").status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert httpx.get(f"{nowhere.url}/api/results").status_code == httpx.codes.SERVICE_UNAVAILABLE


def test_the_service_ends_at_once_even_with_watchers(service: StartService) -> None:
    results = service("svc_results")
    with watching(results) as seen:
        wait_until(lambda: seen != [], "the first snapshot")
        start = time.monotonic()
        results.stop()
        assert time.monotonic() - start < results.stop_grace_seconds / 3
    assert "Traceback" not in results.log.read_text()


def test_the_connection_limit_leaves_room_for_visitors() -> None:
    code = (
        "import svc_results.service as s; from svc_results.settings import ResultsSettings;"
        "print(s.results_service(ResultsSettings(max_watchers=9000)).ctx.connection_limit.limit)"
    )
    assert int(run_python(code)) > 9000


def run_python(code: str) -> str:
    """Run this code in a new Python with our modules; return its output."""
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, env=environment, text=True, timeout=STUCK_SECONDS)


def test_a_wrong_setting_is_named() -> None:
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path), "REFRESH_SECONDS": "soon"}
    process = subprocess.run(
        [sys.executable, "-m", "svc_results"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=STUCK_SECONDS,
        check=False,
    )
    assert process.returncode == 2
    assert "svc_results: setting REFRESH_SECONDS" in process.stderr
