"""The traces of votes, as a collector gets them from the real services and the real entry."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest

from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.servers.collector import Collector
from harness.system.system import System
from harness.testing.otlp_receiver import OtlpReceiver, SeenSpan, otlp_receiver
from voting.domain.headers import CANARY_HEADER, FORCE, TRACE_HEADER
from voting.domain.vote import Route

pytest_plugins = ["harness.testing.fixtures"]

ALBUM: Final = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}
# A vote that Kafka does not acknowledge is refused soon.
CLIENT: Final = "00f067aa0ba902b7"
"""The id of the span from which the votes come."""

REQUEST: Final = {
    Route.GRPC: "svc_grpc_client server POST /votes",
    Route.HTTP: "svc_http_route server POST /votes",
}
CALL: Final = "svc_grpc_client client votes.v1.VoteService/CastVotes"
SERVED: Final = "svc_grpc_server server votes.v1.VoteService/CastVotes"
SEND: Final = {
    Route.GRPC: "svc_grpc_server producer send votes",
    Route.HTTP: "svc_http_route producer send votes",
}
PROCESS: Final = "svc_consumer consumer process votes"
INSERT: Final = "svc_consumer client insert votes"
UPDATE: Final = "svc_consumer client update votes"
COUNT: Final = "svc_consumer client EVALSHA tally"

ENTRY: Final = {("client", "entry server POST"), ("entry server POST", "entry client POST")}
# From parent to child.
ASKED: Final = {route: {("entry client POST", REQUEST[route])} for route in Route}
SENT: Final = {
    Route.GRPC: {(REQUEST[Route.GRPC], CALL), (CALL, SERVED), (SERVED, SEND[Route.GRPC])},
    Route.HTTP: {(REQUEST[Route.HTTP], SEND[Route.HTTP])},
}
LOGGED: Final = {(PROCESS, INSERT), (PROCESS, UPDATE)}
COUNTED: Final = LOGGED | {(PROCESS, COUNT)}


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def system(server_folder: Path, receiver: OtlpReceiver) -> Iterator[System]:
    """Return a system that traces no vote but those whose traceparent says so."""
    collector = Collector(receiver.url, share=0)
    system = System(server_folder, free_ports(), collector=collector)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # spans leave soon
        with system.running():
            yield system


@pytest.fixture(params=list(Route))
def route(request: pytest.FixtureRequest) -> Route:
    found: Route = request.param
    return found


class Voter:
    """Casts votes over a route, each in a trace of its own."""

    def __init__(self, system: System, receiver: OtlpReceiver, route: Route) -> None:
        self.receiver = receiver
        self._url = f"{system.entry.url}/votes"
        self._route = route

    def cast(self, flags: str = "01", **fields: object) -> tuple[httpx.Response, str]:
        """Return the answer, and the id of the trace."""
        trace = uuid4().hex
        headers = {
            CANARY_HEADER: FORCE[self._route],
            TRACE_HEADER: f"00-{trace}-{CLIENT}-{flags}",
        }
        answer = httpx.post(self._url, json=ALBUM | fields, headers=headers, timeout=30)
        return answer, trace

    def edges(self, trace: str) -> set[tuple[str, str]]:
        """Return which spans of a trace are below which, by name."""
        spans = self.receiver.of_trace(trace)
        names = {CLIENT: "client", **{span.id: label(span) for span in spans}}
        return {(names.get(span.parent, "missing"), label(span)) for span in spans}

    def wait_for(self, trace: str, edges: set[tuple[str, str]]) -> None:
        """Wait until these are the edges of a trace; each of its spans is there once then."""
        wait_until(lambda: self.edges(trace) == edges, lambda: f"not {self.edges(trace)}")
        assert len(self.receiver.of_trace(trace)) == len(edges)

    def span(self, trace: str, name: str) -> SeenSpan:
        """Return the span of this name."""
        [found] = [span for span in self.receiver.of_trace(trace) if label(span) == name]
        return found


def label(span: SeenSpan) -> str:
    # Traefik names its spans in its own way.
    name = span.name if span.service.startswith("svc_") else "POST"
    return f"{span.service} {span.kind} {name}"


@pytest.fixture
def voter(system: System, receiver: OtlpReceiver, route: Route) -> Voter:
    return Voter(system, receiver, route)


def test_a_votes_way_is_one_trace_from_the_entry_to_the_tally(voter: Voter, route: Route) -> None:
    answer, trace = voter.cast()
    assert answer.status_code == httpx.codes.ACCEPTED
    voter.wait_for(trace, ENTRY | ASKED[route] | SENT[route] | {(SEND[route], PROCESS)} | COUNTED)
    assert not any(span.failed for span in voter.receiver.of_trace(trace))
    assert voter.span(trace, REQUEST[route]).attributes["http.response.status_code"] == 202
    assert voter.span(trace, PROCESS).attributes["vote.outcome"] == "counted"


def test_a_vote_that_is_not_sampled_leaves_no_trace(voter: Voter, route: Route) -> None:
    _, unsampled = voter.cast(flags="00")
    _, sampled = voter.cast()
    whole = ENTRY | ASKED[route] | SENT[route] | {(SEND[route], PROCESS)} | COUNTED
    voter.wait_for(sampled, whole)
    assert voter.receiver.of_trace(unsampled) == []


def test_a_refused_votes_trace_ends_where_it_was_refused(voter: Voter, route: Route) -> None:
    answer, trace = voter.cast(rank=101)
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    voter.wait_for(trace, ENTRY | ASKED[route])
    assert voter.span(trace, REQUEST[route]).attributes["http.response.status_code"] == 422


def test_a_retried_vote_has_a_trace_for_each_attempt_and_counts_in_one(
    system: System, voter: Voter, route: Route
) -> None:
    system.kafka.pause()
    try:
        refused, first = voter.cast()
        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
    finally:
        system.kafka.resume()
    wait_until(lambda: voter.cast()[0].is_success, "votes are accepted again")
    accepted, second = voter.cast(id=refused.json()["id"])
    assert accepted.is_success
    # Kafka stored the first attempt, too, once it ran again.
    way = ENTRY | ASKED[route] | SENT[route] | {(SEND[route], PROCESS)}
    one_counts = [(way | COUNTED, way | LOGGED), (way | LOGGED, way | COUNTED)]
    wait_until(
        lambda: (voter.edges(first), voter.edges(second)) in one_counts,
        lambda: f"neither counts alone: {voter.edges(first)}, {voter.edges(second)}",
    )
    outcomes = {voter.span(t, PROCESS).attributes["vote.outcome"] for t in (first, second)}
    assert outcomes == {"counted", "duplicate"}
    failed = {label(span) for span in voter.receiver.of_trace(first) if span.failed}
    assert {SEND[route], REQUEST[route]} <= failed
    assert not any(span.failed for span in voter.receiver.of_trace(second))


def test_votes_that_share_a_batch_link_to_its_first(voter: Voter, route: Route) -> None:
    with ThreadPoolExecutor(32) as threads:
        traces = [trace for _, trace in threads.map(lambda _: voter.cast(), range(64))]
    whole = ENTRY | ASKED[route] | SENT[route] | {(SEND[route], PROCESS)} | COUNTED
    for trace in traces:
        voter.wait_for(trace, whole)
    spans = {span.id: span for span in voter.receiver.spans if span.trace in traces}
    linked = {(label(span), label(spans[to])) for span in spans.values() for to in span.links}
    assert linked
    assert all(one == other for one, other in linked)
    assert (SEND[route], SEND[route]) in linked or (CALL, CALL) in linked
