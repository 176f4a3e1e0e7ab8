"""A collector of traces for tests: it takes what real exporters send, and keeps the spans."""

import gzip
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

PATH: Final = "/v1/traces"


class SeenSpan(NamedTuple):
    """A span as it arrived; ids are hexadecimal, `parent` is empty for the root of a trace."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, str | int]
    failed: bool
    links: tuple[str, ...]
    events: tuple[str, ...]
    begin_ns: int
    end_ns: int


class OtlpReceiver:
    """Takes traces over HTTP at `url`; with `answer`, any other status than 200, it takes none."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answer = 200
        self.requests = 0
        self._lock = threading.Lock()
        self._spans: list[SeenSpan] = []

    @property
    def spans(self) -> list[SeenSpan]:
        """The spans that have arrived so far."""
        with self._lock:
            return list(self._spans)

    def of_trace(self, trace: str) -> list[SeenSpan]:
        """Return the spans of one trace."""
        return [span for span in self.spans if span.trace == trace]

    def take(self, body: bytes) -> int:
        """Take a request's body; return the status to answer with."""
        with self._lock:
            self.requests += 1
            if self.answer == 200:
                self._spans += _read(ExportTraceServiceRequest.FromString(body))
        return self.answer


@contextmanager
def otlp_receiver() -> Iterator[OtlpReceiver]:
    """Run a receiver while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = b"".join(self._pieces())
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            status = receiver.take(body) if self.path == PATH else 404
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _pieces(self) -> Iterator[bytes]:
            if "content-length" in self.headers:
                yield self.rfile.read(int(self.headers["content-length"]))
                return
            while size := int(self.rfile.readline(), 16):  # Traefik sends chunks
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = OtlpReceiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def _read(request: ExportTraceServiceRequest) -> Iterator[SeenSpan]:
    for resource in request.resource_spans:
        service = str(_values(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            yield from (_span(service, span) for span in scope.spans)


def _span(service: str, span: trace_pb2.Span) -> SeenSpan:
    return SeenSpan(
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        links=tuple(link.span_id.hex() for link in span.links),
        events=tuple(event.name for event in span.events),
        begin_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, str | int]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in attributes
    }
