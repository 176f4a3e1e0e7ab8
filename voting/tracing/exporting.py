"""Sends spans to a collector, in OTLP over HTTP."""

import logging
from collections.abc import Sequence
from typing import Final, override

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from voting.service.settings import Settings
from voting.tracing.sampler import Sampler
from voting.tracing.traces import Traces

_log = logging.getLogger(__name__)

_CLOSE_MS: Final = 3_000


def traces_of(settings: Settings, service: str) -> Traces:
    """Return what makes a service's spans and sends them as the settings say.

    OpenTelemetry itself reads the variables that are no settings of ours: headers, certificates,
    time-outs, the queue, attributes of the resource.
    """
    # It logs each failure; the exporter below logs once what they mean.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    sampler = Sampler(settings.otel_traces_sampler, settings.otel_traces_sampler_arg)
    processor = _Processor(_LoggedExporter(OTLPSpanExporter(), settings.traces_endpoint))
    return Traces(settings.otel_service_name or service, sampler, processor)


class _Processor(BatchSpanProcessor):
    """Collects spans in a bounded queue, and sends them from a thread of its own."""

    @override
    def shutdown(self) -> None:
        # Kubernetes kills a service that waits for its collector as long as the SDK would.
        self._batch_processor.shutdown(_CLOSE_MS)


class _LoggedExporter(SpanExporter):
    """Logs a collector's failure and its return once each; spans are lost in between."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._failing = False

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            _log.warning("traces cannot be sent to %s, and are lost", self._endpoint)
        elif self._failing and not failing:
            _log.info("traces are sent to %s again", self._endpoint)
        self._failing = failing
        return result

    @override
    def shutdown(self) -> None:
        self._exporter.shutdown()
