"""Fixtures for tests of the organisers' command line."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from svc_polls.command import polls


class Ran:
    """Runs the command and keeps what it printed last."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        """Return the command's exit status."""
        try:
            return polls.main(arguments)
        except SystemExit as error:
            return int(error.code or 0)
        finally:
            self.out, self.err = self._capsys.readouterr()


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Ran]:
    """Return the command in the test's folder; what it does with signals ends with the test."""
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    kept = signal.getsignal(signal.SIGTERM)
    yield Ran(capsys)
    signal.signal(signal.SIGTERM, kept)
