"""A service's log: standard error, one line an event, as text or as JSON."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, override

from pythonjsonlogger.msgspec import MsgspecFormatter

from voting.service.settings import Settings

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_NAMES: Final = {"levelname": "level", "name": "logger", "exc_info": "exception"}

_IDS: Final = ("trace_id", "span_id")
_TRACEPARENT: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)


def configure_logging(settings: Settings, service: str) -> None:
    """Log as the settings say.

    As JSON, a line has `time` (RFC 3339), `level`, `logger`, `message`, `service`, `exception` if
    there is one, and what a call gave as `extra`: the `partition` or `poll` that it is about. What
    happens `in_trace` has `trace_id` and `span_id`, as text, too.
    """
    formatter: logging.Formatter = _TextFormatter(_TEXT)
    if settings.log_format == "json":
        formatter = MsgspecFormatter(
            ["levelname", "name", "message"],
            rename_fields=_NAMES,
            static_fields={"service": service},
            timestamp="time",
        )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(_add_trace)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # aiokafka logs every lost connection as an error; readiness already logs once what that means
    # for the service. At level "debug" it would log passwords.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # httpx logs every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)


@contextmanager
def in_trace(traceparent: str | None) -> Iterator[None]:
    """Let the lines that are logged meanwhile name this trace, if there is one."""
    token = _TRACEPARENT.set(traceparent)
    try:
        yield
    finally:
        _TRACEPARENT.reset(token)


def _add_trace(record: logging.LogRecord) -> bool:
    if traceparent := _TRACEPARENT.get():
        _, record.trace_id, record.span_id, _ = traceparent.split("-")
    return True


class _TextFormatter(logging.Formatter):
    """Names the trace behind the message, in the same line."""

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        ids = (f" {name}={record.__dict__[name]}" for name in _IDS if name in record.__dict__)
        return line + "".join(ids)
