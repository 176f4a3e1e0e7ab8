"""The organisers' service as processes, with a real broker, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from aiokafka.admin import AIOKafkaAdminClient

from harness.processes.waiting import wait_until
from harness.servers.kafka_server import KafkaServer
from svc_polls.testing.running import ANY, FORM, NUMBERS, Topics, soon
from svc_polls.watch.services import polls_in
from voting.domain.times import from_rfc3339
from voting.polls.poll import FRESH_MS
from voting.service.clock_watch import now_ms

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]


async def test_a_poll_from_its_definition_to_its_release(topics: Topics) -> None:
    ana = topics.start()
    made = ana.define("best", show_result="on_release")
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    assert made.json()["poll"]["phase"] == "draft"
    assert made.json()["appended_at"].endswith("Z")
    assert made.json()["effective_at"].endswith("Z")
    lead = from_rfc3339(made.json()["effective_at"]) - from_rfc3339(made.json()["appended_at"])
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
    wait_until(lambda: ana.poll("best")["phase"] == "final", "the cut")
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
    assert polls_in(metrics.encode(), now_ms()) == (True, False)


def test_operators_of_two_instances_do_not_lose_each_others_changes(topics: Topics) -> None:
    instances = [topics.start(), topics.start()]
    names = [f"poll-{number}" for number in range(24)]

    def define(number: int) -> int:
        return instances[number % 2].define(names[number]).status_code

    with ThreadPoolExecutor(4) as threads:
        assert {*threads.map(define, range(24))} == {201}
    wait_until(
        lambda: all(len(one.ask("GET", "").json()["polls"]) == 24 for one in instances),
        "all polls on both",
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
    assert closed["settles_at"].endswith("Z")
    settles_at_ms = from_rfc3339(closed["settles_at"])
    wait_until(lambda: datetime.now(UTC).timestamp() * 1000 > settles_at_ms, "the bound")
    second.running.start()
    wait_until(lambda: second.poll("best")["phase"] == "final", "the cut")
    assert second.poll("best")["cut"] == [0, 0, 0]
    first.running.start()
    wait_until(lambda: first.poll("best")["cut"] == [0, 0, 0], "the same cut")
    events = first.ask("GET", "/best/history").json()["events"]
    assert [event["change"] for event in events] == ["define", "open", "close", "cut"]


def test_without_kafka_nothing_is_answered_as_if_it_were_new(
    topics: Topics, kafka: KafkaServer
) -> None:
    ana = topics.start(ACK_TIMEOUT_SECONDS="3")
    ana.define("best")
    kafka.pause()
    try:
        unknown = ana.ask("POST", "/best/open", headers=ANY)
        assert unknown.status_code in {503, 504}, unknown.text
        wait_until(
            lambda: ana.ask("GET", "/best").status_code == 503,
            "an old book",
            limit_seconds=FRESH_MS / 1000 + 20,
        )
        for method, path in (("GET", ""), ("GET", "/best/history"), ("POST", "/best/open")):
            answer = ana.ask(method, path, headers=ANY)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert "newest events" in answer.json()["detail"]
        wait_until(lambda: ana.http.get("/readyz").status_code == 503, "not ready")
        assert ana.http.get("/healthz").status_code == 200
    finally:
        kafka.resume()
    wait_until(lambda: ana.http.get("/readyz").status_code == 200, "a fresh book")
    assert ana.ask("POST", "/best/open", headers=ANY).status_code in {200, 409}


async def test_a_log_that_cannot_be_trusted_halts_everything(topics: Topics) -> None:
    ana = topics.start()
    ana.define("best")
    await topics.write(topics.polls, b"not an event")
    wait_until(lambda: ana.ask("GET", "/best").status_code == 503, "the halt")
    for method, path in (("GET", ""), ("POST", "/best/open")):
        answer = ana.ask(method, path, headers=ANY)
        assert answer.status_code == 503
        assert "cannot be trusted" in answer.json()["detail"]
    assert "polls_log_halted 1.0" in ana.http.get("/metrics").text
    wait_until(lambda: "cannot be trusted" in ana.http.get("/readyz").text, "not ready")


async def test_a_missing_topic_is_waited_for(topics: Topics, kafka: KafkaServer) -> None:
    name = f"polls-late-{next(NUMBERS)}"
    ana = topics.start(ready_path="/healthz", KAFKA_POLLS_TOPIC=name)
    assert ana.ask("GET", "").status_code == 503
    kafka.create_topics({name: 1})
    wait_until(lambda: ana.http.get("/readyz").status_code == 200, "ready")
    assert ana.define("best").status_code == 201
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    await client.delete_topics([name])
    await client.close()
    wait_until(lambda: ana.ask("GET", "").status_code == 503, "a topic that is gone")


def test_it_ends_at_once_while_kafka_is_away(topics: Topics, kafka: KafkaServer) -> None:
    ana = topics.start()
    kafka.pause()
    try:
        ana.running.stop()
    finally:
        kafka.resume()
    assert "Traceback" not in ana.running.log.read_text()
