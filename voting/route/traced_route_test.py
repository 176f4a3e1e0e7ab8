"""The HTTP route with traces, on both of its paths, and a collector: real service, real Kafka."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from harness.processes.waiting import wait_until
from harness.servers.services import Service
from harness.testing.otlp_receiver import OtlpReceiver, SeenSpan, otlp_receiver
from voting.domain.headers import TRACE_HEADER

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

ALBUM = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}
OPEN = {"accept": "application/openmetrics-text; version=1.0.0"}
PARENT = "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def receiver() -> Iterator[OtlpReceiver]:
    with otlp_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module", params=["true", "false"], ids=["lean", "plain"])
def route(request: pytest.FixtureRequest, service: StartService, receiver: OtlpReceiver) -> Service:
    """A route that traces every vote whose traceparent does not say otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        return service(
            "svc_http_route",
            LEAN_PATH=request.param,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        )


def cast(route: Service, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    return httpx.post(f"{route.url}/votes", json=ALBUM | fields, headers=headers or {}, timeout=30)


def traced(flags: str) -> tuple[str, dict[str, str]]:
    trace = uuid4().hex
    return trace, {TRACE_HEADER: f"00-{trace}-{PARENT}-{flags}"}


def request_of(receiver: OtlpReceiver, trace: str) -> SeenSpan:
    """Return the span of a trace's request."""
    wait_until(lambda: _requests(receiver, trace), "the request's span is there")
    [span] = _requests(receiver, trace)
    return span


def _requests(receiver: OtlpReceiver, trace: str) -> list[SeenSpan]:
    return [span for span in receiver.of_trace(trace) if span.kind == "server"]


def test_a_vote_without_a_traceparent_begins_a_trace(
    route: Service, receiver: OtlpReceiver
) -> None:
    before = {span.trace for span in receiver.spans}
    assert cast(route).is_success

    def new() -> list[SeenSpan]:
        return [span for span in receiver.spans if span.trace not in before]

    wait_until(lambda: len(new()) == 2, "both spans are there")
    send, request = sorted(new(), key=lambda span: span.kind)
    assert (request.name, request.parent) == ("POST /votes", "")
    assert (send.name, send.parent, send.trace) == ("send votes", request.id, request.trace)
    assert request.begin_ns <= send.begin_ns < send.end_ns <= request.end_ns


@pytest.mark.parametrize(
    ("fields", "status"),
    [({}, 202), ({"rank": 101}, 422), ({"album": 7}, 422)],
)
def test_a_request_has_its_status(
    route: Service, receiver: OtlpReceiver, fields: dict[str, Any], status: int
) -> None:
    trace, headers = traced("01")
    assert cast(route, headers, **fields).status_code == status
    span = request_of(receiver, trace)
    assert (span.parent, span.failed) == (PARENT, False)
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/votes",
        "url.scheme": "http",
        "http.response.status_code": status,
    }


def test_an_unsampled_traceparent_is_followed(route: Service, receiver: OtlpReceiver) -> None:
    unsampled, headers = traced("00")
    assert cast(route, headers).is_success
    later, headers = traced("01")
    assert cast(route, headers).is_success
    request_of(receiver, later)
    assert receiver.of_trace(unsampled) == []


def test_a_posted_form_is_a_vote_like_any_other(route: Service, receiver: OtlpReceiver) -> None:
    trace, headers = traced("01")
    fields = {name: str(value) for name, value in ALBUM.items()}
    answer = httpx.post(f"{route.url}/votes", data=fields, headers=headers, timeout=30)
    assert answer.is_redirect
    assert request_of(receiver, trace).attributes["http.response.status_code"] == 303
    wait_until(lambda: len(receiver.of_trace(trace)) == 2, "the write is traced, too")


def test_probes_are_not_traced(route: Service, receiver: OtlpReceiver) -> None:
    trace, headers = traced("01")
    for path in ("healthz", "readyz", "metrics"):
        assert httpx.get(f"{route.url}/{path}", headers=headers).is_success
    later, headers = traced("01")
    cast(route, headers)
    request_of(receiver, later)
    assert receiver.of_trace(trace) == []


def test_a_latencys_bucket_names_a_trace_for_those_who_ask_in_openmetrics(
    route: Service,
) -> None:
    trace, headers = traced("01")
    assert cast(route, headers).is_success
    url = f"{route.url}/metrics"
    asked = httpx.get(url, headers=OPEN)
    assert asked.headers["content-type"].startswith("application/openmetrics-text")
    example = f'# {{trace_id="{trace}"}}'
    wait_until(lambda: example in httpx.get(url, headers=OPEN).text, "the trace is an example")
    assert asked.text.endswith("# EOF\n")
    assert trace not in httpx.get(url).text
