"""The organisers' service as processes, with a real broker, over HTTP."""

import itertools
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from harness.processes.waiting import wait_until
from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_polls.api.app import CONNECTIONS_MAX
from svc_polls.api.running_changes import CHANGES_MAX
from svc_polls.tokens import Organiser, Role, hash_of
from voting.polls.book import FRESH_MS

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

TOKENS: Final = {
    "ana": {Role.EDITOR, Role.OPERATOR, Role.RELEASER},
    "eva": {Role.EDITOR},
    "oli": {Role.OPERATOR},
    "rea": {Role.RELEASER},
}
LINES: Final = ",".join(
    Organiser(name, frozenset(roles), hash_of(name)).line for name, roles in TOKENS.items()
)
FORM: Final[dict[str, Any]] = {
    "titles": {"en": "Album of the year", "es": "Álbum del año"},
    "entries": [
        {"id": "moon", "name": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973},
        {"id": "blue", "name": "Joni Mitchell", "album": "Blue", "year": 1971},
    ],
}
ANY: Final = {"if-match": "*"}
_NUMBERS: Final = itertools.count()


class Organisers:
    """Organisers who use one instance; the token of each is its name."""

    def __init__(self, running: Service) -> None:
        self.running = running
        self.http = httpx.Client(base_url=running.url, timeout=60, trust_env=False)

    def ask(
        self, method: str, path: str, who: str = "ana", headers: Any = None, **body: Any
    ) -> httpx.Response:
        token = {"authorization": f"Bearer {who}"}
        url = f"/api/polls{path}"
        return self.http.request(method, url, headers=token | (headers or {}), **body)

    def poll(self, poll: str) -> Any:
        answer = self.ask("GET", f"/{poll}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def define(self, poll: str, **fields: Any) -> httpx.Response:
        return self.ask("PUT", f"/{poll}", headers={"if-none-match": "*"}, json=FORM | fields)


class Topics:
    """Topics of one test, and instances that use them."""

    def __init__(self, kafka: KafkaServer, service: StartService) -> None:
        number = next(_NUMBERS)
        self.kafka = kafka
        self.polls, self.votes = f"polls-{number}", f"votes-{number}"
        kafka.create_topics({self.polls: 1, self.votes: 3})
        self._service = service
        self._started: list[Organisers] = []

    def start(self, **settings: str) -> Organisers:
        settings = {
            "KAFKA_POLLS_TOPIC": self.polls,
            "KAFKA_TOPIC": self.votes,
            "ORGANISER_TOKENS": LINES,
            "ANSWER_WITHIN_SECONDS": "1",
            **settings,
        }
        started = Organisers(self._service("svc_polls", **settings))
        self._started.append(started)
        return started

    def stop(self) -> None:
        """End all instances."""
        for started in self._started:
            started.http.close()
            started.running.stop()

    async def write(self, topic: str, value: bytes, partition: int = 0) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait(topic, value, partition=partition)
        finally:
            await producer.stop()


@pytest.fixture
def topics(kafka: KafkaServer, service: StartService) -> Iterator[Topics]:
    found = Topics(kafka, service)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def shared(kafka: KafkaServer, service: StartService) -> Iterator[Organisers]:
    """Return an instance for tests that do not harm it."""
    found = Topics(kafka, service)
    yield found.start()
    found.stop()


@pytest.fixture
def poll() -> str:
    """Return the id of a poll that no other test has."""
    return f"poll-{next(_NUMBERS)}"


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def milliseconds(text: str) -> int:
    assert text.endswith("Z")
    return round(datetime.fromisoformat(text).timestamp() * 1000)


async def test_a_poll_from_its_definition_to_its_release(topics: Topics) -> None:
    ana = topics.start()
    made = ana.define("best", show_result="on_release")
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    assert made.json()["poll"]["phase"] == "draft"
    lead = milliseconds(made.json()["effective_at"]) - milliseconds(made.json()["appended_at"])
    assert lead == 11_000
    changed = ana.ask("PUT", "/best", headers={"if-match": '"1"'}, json=FORM | {
        "show_result": "on_release", "scale": {"min": 1, "max": 5}})  # fmt: skip
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    opened = ana.ask("POST", "/best/open", headers={"if-match": "2"})
    assert opened.json()["effective_at"] == opened.json()["appended_at"]
    assert opened.json()["poll"]["phase"] == "open"
    assert opened.json()["poll"]["frozen"] is True
    extended = ana.ask("POST", "/best/close", headers=ANY, json={"closes_at": soon(3600)})
    assert extended.json()["poll"]["phase"] == "open"
    closed = ana.ask("POST", "/best/close", headers=ANY)
    assert closed.json()["poll"]["closes_at"] == closed.json()["effective_at"]
    await topics.write(topics.votes, b"a vote", 2)
    early = ana.ask("POST", "/best/release", headers=ANY)
    assert (early.status_code, early.json()["detail"]) == (409, "its result is not final yet")
    wait_until("the cut", lambda: ana.poll("best")["phase"] == "final")
    assert ana.poll("best")["cut"] == [0, 0, 1]
    assert ana.poll("best")["shows_result"] is False
    released = ana.ask("POST", "/best/release", "rea", headers=ANY)
    assert released.json()["poll"]["shows_result"] is True
    events = ana.ask("GET", "/best/history").json()["events"]
    assert [event["change"] for event in events] == [
        *("define", "define", "open", "close", "close", "cut", "release")
    ]
    assert [event["author"] for event in events] == [*["ana"] * 5, "svc_polls", "rea"]
    assert events[1]["fields"] == ["rank_max"]
    assert [event["refusal"] for event in events] == [None] * 7
    again = topics.start()  # another instance has the same
    assert again.poll("best") | {"now": ""} == ana.poll("best") | {"now": ""}
    metrics = again.http.get("/metrics").text
    assert 'svc_polls_polls{phase="final"} 1.0' in metrics


def test_a_rehearsal_is_copied_as_a_real_poll_without_its_times(
    shared: Organisers, poll: str
) -> None:
    shared.define(poll, rehearsal=True, opens_at=soon(3600), closes_at=soon(7200))
    real = f"{poll}-real"
    copied = shared.ask("POST", f"/{poll}/copy", "eva", json={"as": real})
    assert copied.status_code == 201
    definition = copied.json()["poll"]["definition"]
    assert definition["entries"] == FORM["entries"]
    assert (definition["rehearsal"], definition["opens_at"]) == (False, None)
    again = shared.ask("POST", f"/{poll}/copy", json={"as": real})
    assert (again.status_code, again.json()["field"]) == (409, "as")
    timed = shared.ask("POST", f"/{poll}/copy", json={"as": f"{real}-2", "opens_at": soon(60)})
    assert timed.json()["poll"]["phase"] == "scheduled"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"if-match": '"99999"'}, 412),
        ({"if-none-match": "*"}, 412),
        ({"if-match": "first"}, 400),
        ({"if-match": '"1", "2"'}, 400),
        ({"if-match": "9" * 5000}, 400),
        ({"if-none-match": '"1"'}, 400),
        ({"if-match": "*", "if-none-match": "*"}, 400),
        ({"if-match": "*"}, 200),
    ],
)
def test_who_changes_a_poll_says_which_state_was_seen(
    shared: Organisers, poll: str, headers: dict[str, str], status: int
) -> None:
    before = shared.define(poll).json()["event"]
    answer = shared.ask("PUT", f"/{poll}", headers=headers, json=FORM | {"scale": {"max": 5}})
    assert answer.status_code == status, answer.text
    assert (shared.poll(poll)["event"] != before) == (status == 200)
    if status == 428:
        assert shared.ask("POST", f"/{poll}/open").status_code == 428


def test_a_new_poll_needs_no_condition(shared: Organisers, poll: str) -> None:
    missing = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
    assert (missing.status_code, missing.json()["detail"]) == (412, "there is no such poll")
    assert shared.ask("PUT", f"/{poll}", json=FORM).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("PUT", "", {"ana", "eva"}),
        ("POST", "/copy", {"ana", "eva"}),
        ("POST", "/open", {"ana", "oli"}),
        ("POST", "/close", {"ana", "oli"}),
        ("POST", "/release", {"ana", "rea"}),
        ("GET", "", {*TOKENS}),
        ("GET", "/history", {*TOKENS}),
    ],
)
def test_each_role_may_do_its_work_and_no_other(
    shared: Organisers, method: str, path: str, may: set[str]
) -> None:
    for who in TOKENS:
        answer = shared.ask(method, f"/nobody{path}", who)
        assert (answer.status_code != 403) == (who in may), (who, answer.text)
        assert answer.status_code in {403, 404, 415, 428}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic ana", "Bearer ana ben", "ana"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/a"), ("GET", "/a/history"), ("PUT", "/a"), ("POST", "/a/open"),
     ("POST", "/a/close"), ("POST", "/a/release"), ("POST", "/a/copy")],
)  # fmt: skip
def test_without_a_token_of_an_organiser_nothing_is_answered(
    shared: Organisers, given: str, method: str, path: str
) -> None:
    answer = shared.ask(method, path, headers={"authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="polls"'
    assert answer.headers["content-type"] == "application/problem+json"


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in FORM.items() if name != field}


def entry(**fields: Any) -> dict[str, Any]:
    return FORM | {"entries": [FORM["entries"][0], FORM["entries"][1] | fields]}


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (without("titles"), None, "missing required field `titles`"),
        (FORM | {"colour": 1}, None, "unknown field `colour`"),
        (FORM | {"titles": {"en": "x"}}, "titles", "missing required field `es`"),
        (FORM | {"titles": {"en": "x", "es": " "}}, "titles.es", "must"),
        (FORM | {"entries": []}, "entries", "must be 1 to 500"),
        (entry(year="1971"), "entries[1].year", "Expected `int`, got `str`"),
        (entry(year=1899), "entries[1].year", "must be from 1900 to 2100"),
        (entry(id="Blue"), "entries[1].id", "must be lower-case letters"),
        (entry(id="moon"), "entries", "2 entries have the same id: moon"),
        (entry(name="x" * 201), "entries[1].name", "200"),
        (FORM | {"scale": {"min": 5, "max": 4}}, "scale", "the scale must lie in 1 to 100"),
        (FORM | {"opens_at": "tomorrow"}, "opens_at", "must be a time like"),
        (FORM | {"closes_at": "2026-12-31T20:00:00"}, "closes_at", "must be a time like"),
        (
            FORM | {"opens_at": "2030-01-01T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"},
            "closes_at",
            "must be after the poll opens",
        ),
        (FORM | {"show_result": "never"}, "show_result", "Invalid enum value"),
        (FORM | {"rehearsal": "yes"}, "rehearsal", "Expected `bool`"),
        (FORM | {"\u202e" * 400: 1}, None, "unknown field"),
        ([], None, "Expected `object`"),
    ],
)
def test_a_wrong_definition_is_refused_with_the_field(
    shared: Organisers, poll: str, body: Any, field: str | None, reason: str
) -> None:
    answer = shared.ask("PUT", f"/{poll}", json=body)
    problem = answer.json()
    assert (answer.status_code, problem.get("field")) == (422, field), problem
    assert reason in problem["detail"]
    assert len(problem["detail"]) < 3000
    assert problem["detail"].isprintable()
    assert shared.ask("GET", f"/{poll}").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"", "application/json", 400),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    shared: Organisers, poll: str, content: bytes, kind: str, status: int
) -> None:
    answer = shared.ask("PUT", f"/{poll}", headers={"content-type": kind}, content=content)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_bound(shared: Organisers, poll: str, size: int, chunked: bool) -> None:
    body = b'{"titles":' + b" " * (size - 13) + b"7, "
    content: Any = iter([body[:9], body[9:]]) if chunked else body
    kind = {"content-type": "application/json"}
    answer = shared.ask("PUT", f"/{poll}", headers=kind, content=content)
    assert len(body) == size
    assert answer.status_code == (413 if size > 1 << 20 else 422), answer.text


def test_slow_definitions_have_a_bound_and_keep_nobody_from_operating(
    shared: Organisers, poll: str
) -> None:
    shared.define(poll)
    body = json.dumps(FORM).encode()
    head = (
        f"PUT /api/polls/{poll}-{{number}} HTTP/1.1\r\nAuthorization: Bearer eva\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = (shared.running.host, shared.running.port)
    with ExitStack() as stack:
        slow = []
        for number in range(CHANGES_MAX + 3):
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(head.format(number=number).encode() + body[:9])
            slow.append(client)
        refused: set[socket.socket] = set()

        def are_refused() -> bool:
            refused.update(filter(is_refused, slow))
            return len(refused) == 3

        wait_until("the bound", are_refused)
        answer = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
        assert answer.json()["detail"] == "too many changes at the same time"
        assert shared.ask("POST", f"/{poll}/open", headers=ANY).status_code == 200
        for client in {*slow} - refused:
            client.setblocking(True)
            client.sendall(body[9:])
            assert client.recv(12) == b"HTTP/1.1 201"
    assert shared.define(f"{poll}-after").status_code == 201


def test_connections_have_a_bound(shared: Organisers) -> None:
    address = (shared.running.host, shared.running.port)
    request = b"GET /healthz HTTP/1.1\r\n"
    with ExitStack() as stack:
        held = []
        for _ in range(CONNECTIONS_MAX + 5):
            client = stack.enter_context(socket.create_connection(address))
            client.sendall(request)  # under way, so not idle
            held.append(client)
        wait_until("a refusal", lambda: any(map(is_refused, held)))
    wait_until("room again", lambda: shared.http.get("/healthz").status_code == 200)


def is_refused(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(12) == b"HTTP/1.1 503"
    except BlockingIOError:
        return False


@pytest.mark.parametrize("poll_id", ["Best", "a_b", "-a", "a" * 65, "%00", "ä"])
def test_an_id_that_no_poll_can_have_is_named(shared: Organisers, poll_id: str) -> None:
    for method, headers in (("GET", None), ("PUT", {"content-type": "application/json"})):
        answer = shared.ask(method, f"/{poll_id}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "id")


def test_rules_refuse_with_their_reason(shared: Organisers, poll: str) -> None:
    shared.define(poll)
    refused = shared.ask("POST", f"/{poll}/close", headers=ANY)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "it is not open yet: replace its definition"
    assert shared.define(f"{poll}-late", opens_at=soon(10)).status_code == 409
    assert shared.ask("POST", f"/{poll}/open", headers=ANY).status_code == 200
    frozen = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
    assert frozen.json()["detail"] == "its definition is frozen from 11 s before it opens"
    assert shared.ask("POST", f"/{poll}/release", headers=ANY).status_code == 409
    assert shared.ask("POST", "/nobody/open", headers=ANY).status_code == 404


def test_lists_and_histories_come_in_pages(topics: Topics) -> None:
    ana = topics.start()
    names = [f"poll-{number}" for number in range(5)]
    for name in names:
        assert ana.define(name).status_code == 201
    first = ana.ask("GET", "?limit=3").json()
    rest = ana.ask("GET", f"?limit=3&after={first['next']}").json()
    assert [poll["id"] for poll in first["polls"] + rest["polls"]] == names
    assert rest["next"] is None
    assert first["polls"][0]["entries"] == 2
    for _ in range(3):
        ana.ask("PUT", f"/{names[0]}", headers=ANY, json=FORM)
    page = ana.ask("GET", f"/{names[0]}/history?limit=2").json()
    assert [event["number"] for event in page["events"]] == [1, 6]
    rest = ana.ask("GET", f"/{names[0]}/history?limit=2&after={page['next']}").json()
    assert [event["number"] for event in rest["events"]] == [7, 8]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("after=_", "after")],
)
def test_pages_have_bounds(shared: Organisers, query: str, field: str) -> None:
    answer = shared.ask("GET", f"?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert shared.ask("GET", "?limit=500").status_code == 200
    assert shared.ask("GET", "/a/history?after=-1").json()["field"] == "after"


def test_operators_of_two_instances_do_not_lose_each_others_changes(topics: Topics) -> None:
    instances = [topics.start(), topics.start()]
    names = [f"poll-{number}" for number in range(24)]

    def define(number: int) -> int:
        return instances[number % 2].define(names[number]).status_code

    with ThreadPoolExecutor(4) as threads:
        assert {*threads.map(define, range(24))} == {201}
    wait_until(
        "all polls on both",
        lambda: all(len(one.ask("GET", "").json()["polls"]) == 24 for one in instances),
    )

    def close(number: int) -> int:
        one = instances[number % 2]
        return one.ask("POST", "/poll-0/open", headers={"if-match": event}).status_code

    event = instances[0].ask("GET", "/poll-0").headers["etag"]
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(close, range(4))) == [200, 412, 412, 412]


def test_a_cut_is_made_by_whoever_is_there_after_the_bound(topics: Topics) -> None:
    first, second = topics.start(), topics.start()
    first.define("best")
    first.ask("POST", "/best/open", headers=ANY)
    closed = first.ask("POST", "/best/close", headers=ANY).json()["poll"]
    first.running.kill()
    second.running.kill()  # between the end and the cut there is nobody
    settles_at_ms = milliseconds(closed["settles_at"])
    wait_until("the bound", lambda: datetime.now(UTC).timestamp() * 1000 > settles_at_ms)
    second.running.start()
    wait_until("the cut", lambda: second.poll("best")["phase"] == "final")
    assert second.poll("best")["cut"] == [0, 0, 0]
    first.running.start()
    wait_until("the same cut", lambda: first.poll("best")["cut"] == [0, 0, 0])
    events = first.ask("GET", "/best/history").json()["events"]
    assert [event["change"] for event in events] == ["define", "open", "close", "cut"]


def test_without_kafka_nothing_is_answered_as_if_it_were_new(
    topics: Topics, kafka: KafkaServer
) -> None:
    ana = topics.start(ACK_TIMEOUT_SECONDS="0.5")
    ana.define("best")
    kafka.pause()
    try:
        unknown = ana.ask("POST", "/best/open", headers=ANY)
        assert unknown.status_code in {503, 504}, unknown.text
        wait_until(
            "an old book",
            lambda: ana.ask("GET", "/best").status_code == 503,
            limit_seconds=FRESH_MS / 1000 + 20,
        )
        for method, path in (("GET", ""), ("GET", "/best/history"), ("POST", "/best/open")):
            answer = ana.ask(method, path, headers=ANY)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert "newest events" in answer.json()["detail"]
        wait_until("not ready", lambda: ana.http.get("/readyz").status_code == 503)
        assert ana.http.get("/healthz").status_code == 200
    finally:
        kafka.resume()
    wait_until("a fresh book", lambda: ana.http.get("/readyz").status_code == 200, 60)
    assert ana.ask("POST", "/best/open", headers=ANY).status_code in {200, 409}


async def test_a_log_that_cannot_be_trusted_halts_everything(topics: Topics) -> None:
    ana = topics.start()
    ana.define("best")
    await topics.write(topics.polls, b"not an event")
    wait_until("the halt", lambda: ana.ask("GET", "/best").status_code == 503)
    for method, path in (("GET", ""), ("POST", "/best/open")):
        answer = ana.ask(method, path, headers=ANY)
        assert answer.status_code == 503
        assert "cannot be trusted" in answer.json()["detail"]
    assert "polls_log_halted 1.0" in ana.http.get("/metrics").text
    wait_until("not ready", lambda: "cannot be trusted" in ana.http.get("/readyz").text)


async def test_a_missing_topic_is_waited_for(topics: Topics, kafka: KafkaServer) -> None:
    name = f"polls-late-{next(_NUMBERS)}"
    ana = topics.start(ready_path="/healthz", KAFKA_POLLS_TOPIC=name)
    assert ana.ask("GET", "").status_code == 503
    kafka.create_topics({name: 1})
    wait_until("ready", lambda: ana.http.get("/readyz").status_code == 200)
    assert ana.define("best").status_code == 201
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    await client.delete_topics([name])
    await client.close()
    wait_until("a topic that is gone", lambda: ana.ask("GET", "").status_code == 503, 60)


def test_it_ends_at_once_while_kafka_is_away(topics: Topics, kafka: KafkaServer) -> None:
    ana = topics.start()
    kafka.pause()
    try:
        ana.running.stop()
    finally:
        kafka.resume()
    assert "Traceback" not in ana.running.log.read_text()
