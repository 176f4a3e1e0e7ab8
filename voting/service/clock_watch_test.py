import logging
import time

import pytest
from prometheus_client import REGISTRY

from voting.service.clock_watch import ClockWatch

HOUR_MS = 3_600_000


def offset() -> float | None:
    return REGISTRY.get_sample_value("clock_offset_seconds", {"server": "trial"})


@pytest.mark.parametrize(
    ("server_ms", "expected"), [(1000, 0), (1500, 0), (2000, 0), (400, 0.6), (2700, -0.7)]
)
def test_only_a_difference_beyond_the_round_trip_is_an_offset(
    server_ms: int, expected: float
) -> None:
    ClockWatch("trial").note(1000, server_ms, 2000)
    assert offset() == pytest.approx(expected)


def test_the_series_exists_before_the_first_answer() -> None:
    ClockWatch("trial of the start")
    labels = {"server": "trial of the start"}
    assert REGISTRY.get_sample_value("clock_offset_seconds", labels) == 0


def test_a_change_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watch = ClockWatch("trial")
    for _ in range(100):
        watch.note(2 * HOUR_MS, HOUR_MS, 2 * HOUR_MS + 5)  # one of two servers
        watch.note(HOUR_MS, HOUR_MS, HOUR_MS + 5)  # the other
    assert caplog.messages == ["this machine's clock is 3600 s ahead of trial's clock"]
    now = 61.0
    watch.note(HOUR_MS, HOUR_MS, HOUR_MS + 5)
    watch.note(HOUR_MS, 2 * HOUR_MS, HOUR_MS + 5)
    assert caplog.messages[1:] == [
        "this machine's clock agrees with trial's clock again",
        "this machine's clock is 3600 s behind trial's clock",
    ]
