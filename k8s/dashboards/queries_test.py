"""Every query of the dashboards and rules has data: real services, real Prometheus, real votes."""

import asyncio
import itertools
import json
import math
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from k8s.dashboards.files import dashboard_files
from voting.domain.headers import CANARY_HEADER

pytest_plugins = ["harness.testing.fixtures"]

VOTES: Final = 400
PAUSE_SECONDS: Final = 0.01  # spreads the votes over several scrapes
VOTE: Final = {"name": "Mercedes Sosa", "year": 2009, "rank": 90}
ALBUMS: Final = ("Cantora", "Alta fidelidad", "Corazón libre")

# As Grafana computes it: max($__interval + scrape interval, 4 * scrape interval). Prometheus on one
# machine scrapes each second, and 15 minutes on a screen are about a second per point.
RATE_INTERVAL: Final = "4s"


class Prometheus:
    """A client of Prometheus's HTTP API."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._begin = time.time()

    def ask(self, path: str, **parameters: str | float) -> Any:
        answer = httpx.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=20).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def series(self, expression: str) -> list[dict[str, str]]:
        """Return the labels of the series that have had numbers since the start."""
        times = {"start": self._begin, "end": time.time(), "step": 1.0}
        found = self.ask("query_range", query=expression, **times)["result"]
        return [s["metric"] for s in found if any(not math.isnan(float(v)) for _, v in s["values"])]

    def value(self, expression: str) -> float:
        """Return the current value of an expression without labels; 0 if it has none yet."""
        return sum(
            float(found["value"][1]) for found in self.ask("query", query=expression)["result"]
        )

    def rules(self, kind: str) -> list[Any]:
        groups = self.ask("rules", type=kind)["groups"]
        return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("stack")
    with Stack(folder, free_ports()) as stack:
        yield stack


@pytest.fixture(scope="module")
def prometheus(stack: Stack) -> Prometheus:
    """Return Prometheus after valid votes on both routes.

    They are cast in two halves, as a rate needs a first sample to increase from.
    """
    prometheus = Prometheus(stack.prometheus.url)
    with httpx.Client(base_url=stack.entry.url, timeout=30) as client:

        def cast(number: int) -> int:
            time.sleep(PAUSE_SECONDS)
            force = {CANARY_HEADER: "always" if number % 2 else "never"}
            vote = VOTE | {"album": ALBUMS[number % len(ALBUMS)]}
            return client.post("/votes", json=vote, headers=force).status_code

        for begin, end in itertools.pairwise((0, VOTES // 2, VOTES)):
            with ThreadPoolExecutor(4) as threads:
                assert set(threads.map(cast, range(begin, end))) == {202}
            for counter in ("votes_accepted_total", "votes_counted_total"):
                query = f"sum({counter})"
                wait_until(lambda q=query, n=end: prometheus.value(q) == n, f"{query} is {end}")  # type: ignore[misc]
    return prometheus


def test_the_rules_have_data_and_no_alert_is_raised(prometheus: Prometheus) -> None:
    recording = prometheus.rules("record")
    assert recording

    def evaluated() -> bool:
        rules = [*prometheus.rules("record"), *prometheus.rules("alert")]
        return all(rule["health"] != "unknown" for rule in rules)

    wait_until(evaluated, "every rule evaluated")
    for rule in [*prometheus.rules("record"), *prometheus.rules("alert")]:
        assert rule["health"] == "ok", rule
    for rule in recording:
        wait_until(lambda name=rule["name"]: bool(prometheus.series(name)), rule["name"])  # type: ignore[misc]
    # A late scrape makes an alert pending for a moment.
    wait_until(lambda: states(prometheus) == {"inactive"}, "all alerts inactive")


def states(prometheus: Prometheus) -> set[str]:
    return {rule["state"] for rule in prometheus.rules("alert")}


def test_every_query_of_the_dashboards_has_data(stack: Stack, prometheus: Prometheus) -> None:
    make_mistakes(stack)
    empty = dict(queries())

    def all_have_data() -> bool:
        for expression in list(empty):
            if has_data(prometheus, expression, empty[expression]):
                del empty[expression]
        return not empty

    try:
        wait_until(all_have_data, "data")
    except AssertionError:
        raise AssertionError(f"no data, or not the labels of the legend: {empty}") from None


def queries() -> Iterable[tuple[str, str]]:
    """Yield each query as Grafana would send it, and its legend."""
    for text in dashboard_files().values():
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
                assert "$" not in expression
                yield expression, target["legendFormat"]


def has_data(prometheus: Prometheus, expression: str, legend: str) -> bool:
    labels = set(re.findall(r"{{(\w+)}}", legend))
    series = prometheus.series(expression)
    return bool(series) and all(labels <= set(found) for found in series)


def make_mistakes(stack: Stack) -> None:
    """Vote twice with one id, cast an invalid vote, and write a record that is not a vote."""
    vote = VOTE | {"album": ALBUMS[0], "id": str(uuid4())}
    for body, force in itertools.product((vote, vote, VOTE), ("always", "never")):
        httpx.post(f"{stack.entry.url}/votes", json=body, headers={CANARY_HEADER: force})
    asyncio.run(write_garbage(stack.kafka.address))


async def write_garbage(kafka: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait("votes", b"not a vote")


def test_mistakes_are_counted_and_a_rejected_record_raises_the_alert(
    prometheus: Prometheus,
) -> None:
    wait_until(lambda: prometheus.value("sum(votes_duplicate_total)") == 3, "3 duplicates")
    wait_until(lambda: prometheus.value("sum(votes_rejected_total)") == 1, "1 rejected")
    wait_until(lambda: prometheus.value('sum(votes_refused_total{status="422"})') == 2, "2 refused")
    wait_until(
        lambda: (
            {r["name"] for r in prometheus.rules("alert") if r["state"] == "firing"}
            == {"RecordsRejected"}
        ),
        "the alert",
    )
    # Without watchers, svc_results reads the tally once a second.
    wait_until(
        lambda: prometheus.value("sum(svc_results_album_votes)") == VOTES + 1,
        "all votes in the result",
    )
