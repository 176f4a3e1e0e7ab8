"""Spans of sampled votes and requests, by OpenTelemetry's SDK and its conventions."""

from collections.abc import Mapping
from random import getrandbits, randrange
from typing import Final, Literal, override

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from voting.tracing.sampler import Sampler
from voting.tracing.trace_context import span_id_of, trace_id_of

type Attributes = Mapping[str, str | int]
type Kind = Literal["server", "client", "producer", "consumer"]

_SCOPE: Final = "voting"


class Traces:
    """Makes the spans of one service. `sampler` has decided before any is made."""

    def __init__(self, service: str, sampler: Sampler, processor: SpanProcessor) -> None:
        """Hand ended spans to `processor`."""
        self.sampler = sampler
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({SERVICE_NAME: service}),
            id_generator=_SampledIds(sampler.bound),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_SCOPE)

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes,
        parent: str | None,
        *,
        first: Span | None = None,
        start_ns: int | None = None,
    ) -> Span:
        """Start a span below `parent`, a traceparent; without one, start a trace.

        `first` is the span of the first vote of the same batch, to link to.
        """
        links = [Link(first.get_span_context())] if first else None
        return self._tracer.start_span(name, _context(parent), kind, attributes, links, start_ns)

    def step(self, name: str, kind: Kind, attributes: Attributes) -> Step:
        """Return a step whose spans have this name, kind and attributes."""
        return Step(self, name, SpanKind[kind.upper()], attributes)

    def flush(self) -> None:
        """Send the spans that are waiting."""
        self._provider.force_flush()

    def close(self) -> None:
        """Send the spans that are waiting, and record no more."""
        self._provider.shutdown()


class Step:
    """A step of a vote's way that takes votes in batches.

    Each sampled vote has a span of its own, so that one trace has all of its way. What a batch
    does it does once for all of its votes: further spans link to the first.
    """

    def __init__(self, traces: Traces, name: str, kind: SpanKind, attributes: Attributes) -> None:
        """Name the step's spans, and what they have in common."""
        self._traces = traces
        self._name = name
        self._kind = kind
        self._attributes = attributes

    def start(
        self,
        parents: Mapping[int, str],
        attributes: Attributes,
        start_ns: int | None = None,
    ) -> StepSpans | None:
        """Start the spans of a batch's sampled votes, given their traceparents by index, if any."""
        spans: dict[int, Span] = {}
        first = None
        for index, parent in parents.items():
            both = {**self._attributes, **attributes}
            spans[index] = self._traces.start(
                self._name, self._kind, both, parent, first=first, start_ns=start_ns
            )
            first = first or spans[index]
        return StepSpans(spans) if spans else None


class StepSpans:
    """The spans of one batch in one step, by the index that its votes have there."""

    def __init__(self, spans: Mapping[int, Span]) -> None:
        self.spans = spans
        self.traceparents = {index: traceparent_of(span) for index, span in spans.items()}

    @property
    def first(self) -> str:
        """The traceparent of the first."""
        return next(iter(self.traceparents.values()))

    def note(self, attributes: Attributes) -> None:
        """Add attributes to all spans."""
        for span in self.spans.values():
            span.set_attributes(attributes)

    def event(self, name: str) -> None:
        """Note in all spans that something happened."""
        for span in self.spans.values():
            span.add_event(name)

    def end(
        self,
        errors: Mapping[int, BaseException | None] | BaseException | None = None,
        end_ns: int | None = None,
    ) -> None:
        """End the spans, with one error for all of them or with those of their indexes."""
        for index, span in self.spans.items():
            error = errors.get(index) if isinstance(errors, Mapping) else errors
            if error is not None:
                fail(span, error)
            span.end(end_ns)


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed."""
    span.set_attribute("error.type", type(error).__qualname__)
    span.set_status(Status(StatusCode.ERROR, str(error)))


def traceparent_of(span: Span) -> str:
    """Return the traceparent of what is below a span."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def _context(parent: str | None) -> Context:
    if parent is None:
        return Context()
    context = SpanContext(
        int(trace_id_of(parent), 16),
        int(span_id_of(parent), 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(context), Context())


class _SampledIds(RandomIdGenerator):
    """Ids of traces that a `traceidratio` sampler takes whose bound is this one."""

    def __init__(self, bound: int) -> None:
        self._bound = max(bound, 1)

    @override
    def generate_trace_id(self) -> int:
        return getrandbits(64) << 64 | randrange(self._bound)  # noqa: S311 - no secret
