import pytest

from harness.processes.errors import PortInUseError
from local.console import run_stack_command


def test_a_port_in_use_names_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise PortInUseError("svc_grpc_server-grpc", 8003)

    assert run_stack_command(command) == 1
    assert capsys.readouterr().err == (
        "error: port 8003 (svc_grpc_server-grpc) is in use by another program; "
        "stop it, or choose another port with --port-svc-grpc-server-grpc\n"
    )
