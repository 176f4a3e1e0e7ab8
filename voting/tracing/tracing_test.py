"""What is loaded and logged, with traces on and off."""

import logging
import subprocess
import sys

import pytest
from opentelemetry.trace import SpanKind

from harness.testing.otlp_receiver import OtlpReceiver, otlp_receiver
from voting.service.settings import SettingError, Settings, read_settings
from voting.tracing.exporting import traces_of
from voting.tracing.tracing import configure_tracing, end_tracing, step, traces

pytest_plugins = ["harness.testing.fixtures"]


def settings_for(receiver: OtlpReceiver, **further: str) -> Settings:
    return read_settings(Settings, {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **further})


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")


def test_traces_that_are_off_load_nothing() -> None:
    code = """
import sys
from voting.http.app import new_app
from voting.route.lean_protocol import LeanProtocol
from voting.route.vote_connection import vote_connection
from voting.service.settings import Settings
from voting.tracing.tracing import configure_tracing
configure_tracing(Settings(), "svc_trial")
new_app("trial")
assert vote_connection(lean_path=True) is LeanProtocol
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_without_an_endpoint_there_are_no_traces() -> None:
    configure_tracing(Settings(), "svc_trial")
    assert (traces(), step("a", "client", {})) == (None, None)


def test_the_sdk_can_be_disabled() -> None:
    with otlp_receiver() as receiver:
        configure_tracing(settings_for(receiver, OTEL_SDK_DISABLED="true"), "svc_trial")
    assert traces() is None


def test_the_endpoint_of_traces_goes_first() -> None:
    both = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://general:4318",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:4318/v1/traces",
    }
    assert read_settings(Settings, both).traces_endpoint == "http://traces:4318/v1/traces"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.01"),
    ],
)
def test_what_cannot_be_done_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingError) as raised:
        read_settings(Settings, {name: value})
    assert raised.value.name == name


def test_spans_that_wait_are_sent_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    with otlp_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        configure_tracing(settings_for(receiver, OTEL_SERVICE_NAME="renamed"), "svc_trial")
        made = traces()
        assert made is not None
        made.start("a", SpanKind.SERVER, {}, None).end()
        end_tracing()
        assert [(span.service, span.name) for span in receiver.spans] == [("renamed", "a")]
    assert traces() is None


def test_a_collector_that_fails_is_logged_once_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with otlp_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        made = traces_of(settings_for(receiver), "svc_trial")
        for answer in (400, 400, 200, 200):
            receiver.answer = answer
            made.start("a", SpanKind.SERVER, {}, None).end()
            made.flush()
        made.close()
        assert receiver.requests == 4
    assert [record.getMessage() for record in caplog.records] == [
        f"traces cannot be sent to {receiver.url}, and are lost",
        f"traces are sent to {receiver.url} again",
    ]
