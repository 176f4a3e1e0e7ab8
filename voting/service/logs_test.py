"""The log: one line an event, as text or as JSON."""

import logging
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from voting.service.logs import configure_logging
from voting.service.settings import Settings

log = logging.getLogger("trial")


@pytest.fixture(autouse=True)
def _restore() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_has_what_the_event_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), "svc_trial")
    log.warning("partition %d: %s", 3, "two\nlines", extra={"partition": 3})
    (line,) = capsys.readouterr().err.splitlines()
    event = msgspec.json.decode(line)
    age = datetime.now(UTC) - datetime.fromisoformat(event.pop("time"))
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert event == {
        "level": "WARNING",
        "logger": "trial",
        "message": "partition 3: two\nlines",
        "service": "svc_trial",
        "partition": 3,
    }


def test_an_exception_stays_in_its_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), "svc_trial")
    log.error("failed", exc_info=ValueError("out of range"))
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: out of range" in msgspec.json.decode(line)["exception"]


def test_text_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(), "svc_trial")
    log.info("ready")
    log.debug("not shown")
    assert capsys.readouterr().err.endswith("INFO trial: ready\n")
