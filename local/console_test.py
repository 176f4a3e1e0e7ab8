import signal

import pytest

from harness.processes.errors import PortInUseError, ServerError
from local.console import run_command


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


def test_a_port_in_use_names_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    error = PortInUseError("svc_grpc_server-grpc", 8003)
    assert run_command(lambda: failing(error)) == 1
    assert capsys.readouterr().err == (
        "error: port 8003 (svc_grpc_server-grpc) is in use by another program; "
        "end it, or choose another port with --port-svc-grpc-server-grpc\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_in_order(number: signal.Signals) -> None:
    def command() -> int:
        signal.raise_signal(number)
        raise AssertionError("not reached")

    assert run_command(command) == 130
