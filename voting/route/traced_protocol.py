"""The lean path of a route that records traces. Imported only by such a route."""

from http import HTTPStatus
from typing import Any, override

from opentelemetry.trace import Span
from sanic import Sanic

from voting.casting.sink import OnResult
from voting.http.problem import ProblemError
from voting.http.request_traces import end_request, start_request
from voting.route.lean_protocol import Head, LeanProtocol
from voting.service.logs import in_trace
from voting.tracing.trace_context import trace_id_of
from voting.tracing.traces import Traces, traceparent_of


class TracedProtocol(LeanProtocol):
    """A connection on which sampled votes have spans.

    `_span` is that of the sampled vote that was cast last, until it is answered.
    """

    __slots__ = ("_sampled_at", "_span", "_traces")

    def __init__(self, *, app: Sanic[Any, Any], **kwargs: Any) -> None:
        super().__init__(app=app, **kwargs)
        self._traces: Traces = app.ctx.traces
        self._sampler = self._traces.sampler
        self._span: Span | None = None
        self._sampled_at = 0.0

    @override
    def _trace(self, head: Head, body: bytes) -> None:
        if head.parent is None or self._traces.sampler.takes(head.parent):
            self._cast_sampled(head, body)
        else:
            self._cast_judged(head._replace(traceparent=None), body, self._on_result)

    def _cast_sampled(self, head: Head, body: bytes) -> None:
        self._span = span = start_request(self._traces, "POST", "/votes", head.parent)
        self._sampled_at = self._start
        traceparent = traceparent_of(span)

        def on_result(error: BaseException | None) -> None:
            left = self.gone
            with in_trace(traceparent):
                self._on_result(error)
            if left:
                end_request(span, None)
            elif self._span is span:
                self._end_accepted(span)

        with in_trace(traceparent):
            self._cast_judged(head._replace(traceparent=traceparent), body, on_result)

    def _cast_judged(self, head: Head, body: bytes, on_result: OnResult) -> None:
        """Cast a vote of which it is known whether it is sampled."""
        self._sampler = None
        try:
            self._cast(head, body, on_result)
        finally:
            self._sampler = self._traces.sampler

    @override
    def _buffered(self) -> bytes:
        if self._span is not None and self._vote is None:
            self._end_accepted(self._span)  # before what is pipelined behind it
        return super()._buffered()

    def _end_accepted(self, span: Span) -> None:
        seconds = self._time - self._sampled_at
        self._route_state.give_example(seconds, trace_id_of(traceparent_of(span)))
        self._end(HTTPStatus.ACCEPTED)

    @override
    def _refuse(self, problem: ProblemError, *, last: bool = False) -> None:
        super()._refuse(problem, last=last)
        self._end(problem.problem.status)

    def _end(self, status: int) -> None:
        if self._span is not None:
            end_request(self._span, status)
            self._span = None
