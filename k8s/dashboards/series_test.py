"""Every series that an alert or a dashboard reads exists before the first vote or error.

A counter that appears with its first error starts at 1: its `increase()` is 0, and no alert
fires.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from k8s.dashboards.files import dashboard_files
from voting.domain.vote import Route
from voting.service.telemetry import REFUSED_STATUSES

RULES: Final = Path("k8s/base/prometheus/rules.yaml").absolute()

# Made by Prometheus itself or by recording rules.
MADE_BY_PROMETHEUS: Final = re.compile(r"up|job:\w+:\w+|\w+:\w+:\w+")
# Before the first vote there is no album to export, and without an end there is no cut.
APPEAR_LATER: Final = {"svc_results_album_votes", "svc_polls_to_cut_seconds"}

# Skips string arguments of functions.
_SELECTOR: Final = re.compile(r'"[^"]*"|(?<![\w.])([a-zA-Z_][\w:]*)\s*(\{[^}]*\})?')
_MATCHER: Final = re.compile(r'(\w+)(=~|!=|=)"([^"]*)"')
_KEYWORDS: Final = re.compile(
    r"\b(?:sum|min|max|avg|count|topk|by|on|without|unless|or|and|for|le|absent|deriv|rate|abs|bool"
    r"|increase|histogram_quantile|label_replace|round|group_left|ignoring|offset)\b"
)


class Selector(NamedTuple):
    """A metric and the conditions on its labels."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        return name == self.metric and all(
            _holds(labels.get(label, ""), how, value) for label, how, value in self.matchers
        )


def _holds(found: str, how: str, value: str) -> bool:
    if how == "=~":
        return re.fullmatch(value, found) is not None
    return (found == value) is (how == "=")


def selectors(expression: str) -> Iterator[Selector]:
    """Yield the selectors in a query."""
    expression = re.sub(r"\b(?:by|on|without|ignoring)\s*\([^)]*\)", "", expression)
    expression = re.sub(r"\[[^\]]*\]", "", expression)
    for name, matchers in _SELECTOR.findall(_KEYWORDS.sub(" ", expression)):
        if name:
            yield Selector(name, tuple(_MATCHER.findall(matchers)))


def expressions() -> Iterable[str]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for text in dashboard_files().values():
        for panel in json.loads(text)["panels"]:
            yield from (target["expr"] for target in panel.get("targets", []))


WANTED: Final = sorted(
    {
        selector
        for expression in expressions()
        for selector in selectors(expression)
        if not MADE_BY_PROMETHEUS.fullmatch(selector.metric) and selector.metric not in APPEAR_LATER
    }
)


def test_the_selectors_of_a_query_are_found() -> None:
    query = 'sum by (job) (rate(a_total{x="1", y=~"5.."}[1m])) > 5 or max(b_c) unless d{job="e"}'
    assert list(selectors(query)) == [
        Selector("a_total", (("x", "=", "1"), ("y", "=~", "5.."))),
        Selector("b_c", ()),
        Selector("d", (("job", "=", "e"),)),
    ]
    assert {"service_ready", "votes_refused_total", "svc_consumer_albums_limit"} <= {
        selector.metric for selector in WANTED
    }


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), free_ports()) as stack:
        yield stack


def samples(stack: Stack) -> list[tuple[str, dict[str, str]]]:
    """Return all series of the services, with the job as Prometheus adds it."""
    return [
        (sample.name, {**sample.labels, "job": service.name})
        for service in stack.services.values()
        for family in text_string_to_metric_families(httpx.get(f"{service.url}/metrics").text)
        for sample in family.samples
    ]


def test_all_series_exist_before_the_first_vote(stack: Stack) -> None:
    def missing() -> list[Selector]:
        found = samples(stack)
        return [wanted for wanted in WANTED if not any(wanted.matches(*sample) for sample in found)]

    try:
        # The partitions' series appear once they are assigned and Kafka has answered.
        wait_until(lambda: not missing(), "all series")
    except AssertionError:
        raise AssertionError(f"missing at the start: {missing()}") from None


def test_each_route_has_a_series_for_each_status_of_a_refusal(stack: Stack) -> None:
    found = {
        (labels["route"], int(labels["status"]))
        for name, labels in samples(stack)
        if name == "votes_refused_total"
    }
    assert found == {(route, status) for route in Route for status in REFUSED_STATUSES}


def test_counts_by_kind_have_every_kind(stack: Stack) -> None:
    found = samples(stack)

    def kinds(metric: str, label: str) -> set[str]:
        return {labels[label] for name, labels in found if name == metric}

    assert kinds("votes_counted_total", "route") == {"grpc", "http"}
    assert kinds("votes_healed_total", "route") == {"grpc", "http"}
    assert kinds("svc_results_read_failures_total", "source") == {
        "MongoDB",
        "Redis",
        "final result",
    }
    assert "StoreUnavailableError" in kinds("svc_consumer_resyncs_total", "cause")
