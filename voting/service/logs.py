"""A service's log: standard error, one line an event, as text or as JSON."""

import logging
from typing import Final

from pythonjsonlogger.msgspec import MsgspecFormatter

from voting.service.settings import Settings

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_NAMES: Final = {"levelname": "level", "name": "logger", "exc_info": "exception"}


def configure_logging(settings: Settings, service: str) -> None:
    """Log as the settings say.

    As JSON, a line has `time` (RFC 3339), `level`, `logger`, `message`, `service`, `exception` if
    there is one, and what a call gave as `extra`: the `partition` or `poll` that it is about.
    """
    formatter: logging.Formatter = logging.Formatter(_TEXT)
    if settings.log_format == "json":
        formatter = MsgspecFormatter(
            ["levelname", "name", "message"],
            rename_fields=_NAMES,
            static_fields={"service": service},
            timestamp="time",
        )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # aiokafka logs every lost connection as an error; readiness already logs once what that means
    # for the service. At level "debug" it would log passwords.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # httpx logs every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
