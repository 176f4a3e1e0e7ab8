"""The log: one line an event, as text or as JSON."""

import logging
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from voting.service.logs import configure_logging, in_trace
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


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_line_in_a_trace_names_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), "svc_trial")
    with in_trace(f"00-{TRACE}-{SPAN}-01"):
        log.warning("in")
    log.warning("after")
    inside, after = map(msgspec.json.decode, capsys.readouterr().err.splitlines())
    assert (inside["trace_id"], inside["span_id"]) == (TRACE, SPAN)
    assert not {"trace_id", "span_id"} & after.keys()


def test_a_line_in_a_trace_names_it_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(), "svc_trial")
    with in_trace(f"00-{TRACE}-{SPAN}-01"), in_trace(None):
        log.warning("in none")
    with in_trace(f"00-{TRACE}-{SPAN}-01"):
        log.error("in one", exc_info=ValueError("out of range"))
    first, second, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("WARNING trial: in none")
    assert second.endswith(f"ERROR trial: in one trace_id={TRACE} span_id={SPAN}")
    assert rest[-1] == "ValueError: out of range"
