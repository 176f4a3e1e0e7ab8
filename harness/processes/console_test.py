import signal
import subprocess

import pytest

from harness.processes.console import run_command
from harness.processes.errors import ServerError


def failing(error: BaseException) -> int:
    raise error


@pytest.fixture(autouse=True)
def _handlers() -> object:
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_the_status_is_the_commands() -> None:
    assert run_command(lambda: 3) == 3


def test_a_failure_is_one_line_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    error = ServerError("kafka ended with status 1; log: /tmp/kafka.log")
    assert run_command(lambda: failing(error)) == 1
    assert capsys.readouterr().err == "error: kafka ended with status 1; log: /tmp/kafka.log\n"


def test_a_failed_program_is_one_line_with_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        line = ["sh", "-c", "echo no such disk >&2; exit 3"]
        subprocess.run(line, check=True, capture_output=True)
        return 0

    assert run_command(command) == 1
    assert capsys.readouterr().err == "error: sh failed (3): no such disk\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_cleanly(number: signal.Signals) -> None:
    def command() -> int:
        signal.raise_signal(number)
        raise AssertionError("not reached")

    assert run_command(command) == 130
