"""The spans that a test's own process records."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import override

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from voting.tracing.sampler import Sampler
from voting.tracing.trace_context import span_id_of
from voting.tracing.traces import Traces
from voting.tracing.tracing import begin_tracing, end_tracing

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Recorded(SpanProcessor):
    """Keeps the spans that have ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    @override
    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def named(self, name: str) -> Sequence[ReadableSpan]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]


@contextmanager
def recorded_spans(ratio: float = 1.0) -> Iterator[Recorded]:
    """Record traces while the context lasts; what is made meanwhile records them."""
    recorded = Recorded()
    begin_tracing(Traces("trial", Sampler("parentbased_traceidratio", ratio), recorded))
    try:
        yield recorded
    finally:
        end_tracing()


def is_below(span: ReadableSpan, traceparent: str) -> bool:
    """Whether a span's parent is the one that a traceparent names."""
    return span.parent is not None and f"{span.parent.span_id:016x}" == span_id_of(traceparent)


def below(span: ReadableSpan) -> str:
    """Return the traceparent of what is below a span."""
    context = span.context
    assert context is not None  # noqa: S101 - the SDK's type allows it
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
