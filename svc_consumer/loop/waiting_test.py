import logging

import pytest

from svc_consumer.loop.waiting import Waiting
from voting.service.lifecycle import Readiness


def test_it_is_ready_when_it_waits_for_nothing() -> None:
    readiness = Readiness()
    waiting = Waiting(readiness, ["Kafka", "Redis"])
    assert readiness.reason == "waiting for Kafka, Redis"
    waiting.up("Kafka")
    assert readiness.reason == "waiting for Redis"
    assert waiting
    waiting.up("Redis", "Kafka")
    assert readiness.ready
    assert not waiting


def test_it_logs_what_it_waits_for_once(caplog: pytest.LogCaptureFixture) -> None:
    waiting = Waiting(Readiness(), ["Kafka"])
    waiting.up("Kafka")
    with caplog.at_level(logging.INFO):
        caplog.clear()
        for attempt in range(3):
            waiting.down("Redis", f"refused, attempt {attempt}")
        waiting.up("Redis")
        waiting.up("Redis")
    assert caplog.messages == ["not ready: waiting for Redis (refused, attempt 0)", "ready"]
