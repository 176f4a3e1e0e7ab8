"""Two bazelw at once."""

import threading
from pathlib import Path

import pytest

from tools.toolbox.lock import locked


def test_the_second_waits_for_the_first_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, order = tmp_path / "lock", list[str]()

    def second() -> None:
        with locked(lock, "at work"):
            order.append("second")

    with locked(lock, "at work"):
        thread = threading.Thread(target=second)
        thread.start()
        said = ""
        while "waiting" not in said:
            said += capsys.readouterr().err
        order.append("first")
    thread.join(timeout=30)
    assert order == ["first", "second"]
    assert said == "bazelw: waiting for another bazelw, which is at work\n"
