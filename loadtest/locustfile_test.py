"""The locustfile under Locust's own command line and web page."""

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from loadtest.phase_runner import driver_environment
from loadtest.routes_server import routes_server
from local.ports import free_port
from local.waiting import wait_until
from voting.vote import Route

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


@contextmanager
def locust(*options: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options]
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=driver_environment()
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def test_headless_locust_casts_votes_on_the_route_asked_for(tmp_path: Path) -> None:
    output = tmp_path / "output"
    options = ["--headless", "-u", "4", "-r", "4", "--only-summary", "--route", "http"]
    with routes_server() as server:
        with locust(*options, "--host", server.url, output=output) as process:
            wait_until("votes come in", lambda: len(server.received) >= 8, 60)
            process.terminate()
            assert process.wait(60) == 0, output.read_text()
        assert {route for _, route in server.received} == {Route.HTTP}
        assert server.received[0][0].keys() == {"name", "album", "year", "rank", "id"}
    assert "/votes (http)" in output.read_text()


def test_several_processes_and_their_routes(tmp_path: Path) -> None:
    """`--processes` forks workers of a master; the route reaches them."""
    port = str(free_port())
    output = tmp_path / "output"
    options = ["--headless", "--processes", "2", "-u", "4", "-r", "4", "--route", "grpc"]
    ports = ["--master-bind-port", port, "--master-port", port]
    with routes_server() as server:
        with locust(*options, *ports, "--host", server.url, output=output) as process:
            wait_until("votes come in", lambda: len(server.received) >= 8, 60)
            process.terminate()
            assert process.wait(60) == 0, output.read_text()
        assert {route for _, route in server.received} == {Route.GRPC}
    said = output.read_text()
    assert "2 ready workers" in said
    assert "/votes (grpc)" in said


def test_a_master_counts_what_its_workers_cast(tmp_path: Path) -> None:
    port = str(free_port())
    run = ["--headless", "-u", "4", "-r", "4", "--expect-workers", "1", "--only-summary"]
    with (
        routes_server() as server,
        locust("--worker", "--master-port", port, output=tmp_path / "worker"),
        locust(
            *("--master", "--master-bind-port", port, *run, "--host", server.url),
            output=tmp_path / "master",
        ) as master,
    ):
        wait_until("votes come in", lambda: len(server.received) >= 8, 60)
        master.terminate()
        assert master.wait(60) == 0, (tmp_path / "master").read_text()
    assert "/votes (" in (tmp_path / "master").read_text()


def test_the_web_page_starts_a_run_on_both_routes(tmp_path: Path) -> None:
    output = tmp_path / "output"
    port = free_port()
    page = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{page}/", timeout=5) as response:
                return "Locust" in response.read().decode()
        except OSError:
            return False

    with (
        routes_server() as server,
        locust("--web-host", "127.0.0.1", "--web-port", str(port), output=output),
    ):
        wait_until("the page answers", answers, 60)
        form = {"user_count": 4, "spawn_rate": 4, "host": server.url, "route": "split"}
        urllib.request.urlopen(f"{page}/swarm", urlencode(form).encode(), timeout=5).close()
        wait_until(
            "both routes have votes", lambda: {route for _, route in server.received} == set(Route)
        )
    assert "Traceback" not in output.read_text()
