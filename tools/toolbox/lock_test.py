"""Two bazelw at once."""

import sys
import threading
from pathlib import Path

import pytest

from tools.toolbox.lock import locked


class Heard:
    """Takes what is said to stderr; capsys, read while a thread writes, may lose it."""

    def __init__(self) -> None:
        self.text = ""
        self.line = threading.Event()

    def write(self, text: str) -> int:
        self.text += text
        if text.endswith("\n"):
            self.line.set()
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def test_the_second_waits_for_the_first_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, order, heard = tmp_path / "lock", list[str](), Heard()
    monkeypatch.setattr(sys, "stderr", heard)

    def second() -> None:
        with locked(lock, "at work"):
            order.append("second")

    with locked(lock, "at work"):
        thread = threading.Thread(target=second)
        thread.start()
        assert heard.line.wait(timeout=30)
        order.append("first")
    thread.join(timeout=30)
    assert order == ["first", "second"]
    assert heard.text == "bazelw: waiting for another bazelw, which is at work\n"
