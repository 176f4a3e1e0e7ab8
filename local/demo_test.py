from pathlib import Path
from typing import cast

import pytest

from harness.processes.errors import ServerError
from harness.system.stack import Stack
from loadtest.command.command_line import new_parser
from local import demo


class _Comparing:
    """A comparison that goes on until it is stopped, and what it was given to end."""

    status = None

    def __init__(self) -> None:
        self.graces: list[float] = []

    def stop(self, grace_seconds: float) -> None:
        self.graces.append(grace_seconds)


class _Failing:
    """A stack on which the demo fails with this error as soon as it looks."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def check_running(self) -> None:
        raise self._error


def _graces(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    comparing = _Comparing()
    monkeypatch.setattr(demo, "comparison_command", lambda *_: [])
    monkeypatch.setattr(demo, "Process", lambda *_, **__: comparing)
    with pytest.raises(type(error)):
        demo.compare(cast("Stack", _Failing(error)), 20.0, Path("report"))
    return comparing.graces


def test_an_interrupted_comparison_may_wait_for_its_votes_and_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits_for_votes = new_parser().get_default("catch_up")
    assert _graces(KeyboardInterrupt(), monkeypatch)[0] > waits_for_votes


def test_a_server_that_ends_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(_graces(ServerError("redis ended"), monkeypatch)) <= 10
