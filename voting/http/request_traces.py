"""Spans of requests, for services that record traces. Imported only by those."""

from http import HTTPStatus
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from voting.domain.headers import TRACE_HEADER
from voting.tracing.trace_context import read_traceparent
from voting.tracing.traces import Traces, traceparent_of

_OPERATIONS: Final = {"/healthz", "/readyz", "/metrics"}


def trace_requests(app: Sanic[Any, Any], traces: Traces) -> None:
    """Give each sampled request of an app a span, and `request.ctx.traceparent` for what follows.

    That is None for all others. Spans name a route, not a path: a path may hold what is nobody
    else's business, such as a vote's id.
    """

    async def begin(request: Request) -> None:
        parent = read_traceparent(request.headers.get(TRACE_HEADER))
        request.ctx.span = request.ctx.traceparent = None
        if request.path not in _OPERATIONS and traces.sampler.takes(parent):
            path = f"/{request.route.path}" if request.route else ""
            span = start_request(traces, request.method, path, parent)
            request.ctx.span, request.ctx.traceparent = span, traceparent_of(span)

    async def end(request: Request, response: BaseHTTPResponse) -> None:
        if span := getattr(request.ctx, "span", None):
            end_request(span, response.status)

    app.register_middleware(begin, "request")
    app.register_middleware(end, "response")


def start_request(traces: Traces, method: str, route: str, parent: str | None) -> Span:
    """Start the span of a request."""
    attributes = {"http.request.method": method, "http.route": route, "url.scheme": "http"}
    return traces.start(f"{method} {route}".rstrip(), SpanKind.SERVER, attributes, parent)


def end_request(span: Span, status: int | None) -> None:
    """End the span of a request, if it has not ended; `status` is None if its client left."""
    if not span.is_recording():
        return
    if status is None:
        span.set_attribute("error.type", "client left")
    else:
        span.set_attribute("http.response.status_code", status)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            span.set_attribute("error.type", str(status))
            span.set_status(Status(StatusCode.ERROR))
    span.end()
