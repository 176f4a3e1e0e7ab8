"""What every server does, tested with tiny programs."""

import signal
import socket
import sys
from pathlib import Path

import pytest

from harness.processes.errors import NotReadyError, PortInUseError, ServerError
from harness.processes.http_server import HttpServer
from harness.processes.ports import free_port

# Answers 503, or 200 once the file `ready` is in the data folder.
PROGRAM = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if Path(sys.argv[2], "ready").exists() else 503)
        self.end_headers()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


class Example(HttpServer):
    program = PROGRAM

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program, str(self.port), str(self.data)]


class Impatient(Example):
    """Waits no longer once it answers that it is not ready."""

    def probe(self) -> None:
        try:
            super().probe()
        except NotReadyError:
            self.start_limit_seconds = 0
            raise


@pytest.fixture
def server(tmp_path: Path) -> Example:
    return Example("example", free_port(), tmp_path)


def make_ready(server: Example) -> None:
    server.data.mkdir()
    (server.data / "ready").touch()


def test_a_server_starts_stops_and_starts_again(server: Example) -> None:
    make_ready(server)
    server.start()
    first = server.pid
    server.kill()
    assert (server.running, server.pid) == (False, None)
    server.start()
    assert server.pid not in (first, None)
    server.stop()
    assert not server.running


def test_a_port_in_use_is_named(server: Example) -> None:
    in_use = pytest.raises(PortInUseError, match=rf"port {server.port} \(example\) is in use")
    with socket.create_server((server.host, server.port)), in_use:
        server.start()


def test_a_server_that_ends_at_once_is_reported_with_its_log(server: Example) -> None:
    server.program = "import sys; sys.exit('no votes today')"
    with pytest.raises(ServerError) as error, server:
        raise AssertionError
    assert str(error.value) == (f"example exited with status 1 (no votes today); log: {server.log}")


def test_a_server_that_never_gets_ready_is_reported_with_the_reason(tmp_path: Path) -> None:
    server = Impatient("example", free_port(), tmp_path)
    late = pytest.raises(ServerError, match=r"example not ready after 0 s: /readyz answers 503")
    with late, server:
        raise AssertionError
    assert not server.running


def test_a_server_killed_by_another_is_reported(server: Example) -> None:
    make_ready(server)
    with server:
        server.check_running()
        server.kill()
        with pytest.raises(ServerError, match=f"killed by signal {signal.SIGKILL:d}"):
            server.check_running()


def test_a_server_that_does_not_run_cannot_be_paused(server: Example) -> None:
    with pytest.raises(ServerError, match="example is not running"):
        server.pause()


def test_the_log_of_the_previous_start_is_kept(server: Example) -> None:
    make_ready(server)
    server.log.write_text("yesterday")
    with server:
        assert "yesterday" not in server.log.read_text()
    assert server.log.with_suffix(".log.old").read_text() == "yesterday"
