"""Two bazelw at once."""

import sys
import threading
from pathlib import Path

import pytest

from tools.toolbox.lock import locked


class Recorder:
    """Records what is written to stderr; capsys, read while a thread writes, may lose it."""

    def __init__(self) -> None:
        self.text = ""
        self.line = threading.Event()

    def write(self, text: str) -> int:
        self.text += text
        if text.endswith("\n"):
            self.line.set()
        return len(text)

    def flush(self) -> None:
        """Nothing is buffered."""


def test_the_second_waits_for_the_first_and_prints_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, order, recorder = tmp_path / "lock", list[str](), Recorder()
    monkeypatch.setattr(sys, "stderr", recorder)

    def second() -> None:
        with locked(lock, "at work"):
            order.append("second")

    with locked(lock, "at work"):
        thread = threading.Thread(target=second)
        thread.start()
        assert recorder.line.wait(timeout=30)
        order.append("first")
    thread.join(timeout=30)
    assert order == ["first", "second"]
    assert recorder.text == "bazelw: waiting for another bazelw, which is at work\n"
