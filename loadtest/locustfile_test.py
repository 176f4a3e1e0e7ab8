"""The locustfile under Locust's own command line and web page."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from harness.processes.ports import free_port
from harness.processes.waiting import wait_until
from loadtest.driver.phase_runner import driver_environment
from loadtest.testing.routes_server import routes_server
from voting.domain.vote import Route

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


@contextmanager
def locust(*options: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *options]
    with started(command, output) as process:
        yield process


@contextmanager
def started(command: Sequence[str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
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
            wait_until(lambda: len(server.received) >= 8, "votes come in")
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
            # Workers tell the master every three seconds.
            wait_until(lambda: "/votes (grpc)" in output.read_text(), "votes of workers")
            process.terminate()
            assert process.wait(60) == 0, output.read_text()
        assert {route for _, route in server.received} == {Route.GRPC}
    printed = output.read_text()
    assert "2 ready workers" in printed


def test_a_master_counts_what_its_workers_cast(tmp_path: Path) -> None:
    port = str(free_port())
    run = ["--headless", "-u", "4", "-r", "4", "--expect-workers", "1"]
    with (
        routes_server() as server,
        locust("--worker", "--master-port", port, output=tmp_path / "worker"),
        locust(
            *("--master", "--master-bind-port", port, *run, "--host", server.url),
            output=tmp_path / "master",
        ) as master,
    ):
        printed = (tmp_path / "master").read_text
        wait_until(lambda: "/votes (" in printed(), "votes of the worker")
        master.terminate()
        assert master.wait(60) == 0, printed()


def reply(url: str, form: Mapping[str, object], **headers: str) -> dict[str, Any]:
    """Post a form and return the JSON that answers it."""
    request = urllib.request.Request(url, urlencode(form).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return msgspec.json.decode(response.read(), type=dict[str, Any])
    except urllib.error.HTTPError as error:
        with error:
            return msgspec.json.decode(error.read(), type=dict[str, Any])


def answers(page: str) -> bool:
    try:
        with urllib.request.urlopen(f"{page}/", timeout=5) as response:
            return "Locust" in response.read().decode()
    except OSError:
        return False


@contextmanager
def locust_page(target: str, folder: Path, *options: str) -> Iterator[str]:
    """Run Locust with its web page; yield the page's URL on loopback."""
    output, port = folder / "output", free_port()
    page = f"http://127.0.0.1:{port}"
    with locust("--web-port", str(port), "--host", target, *options, output=output):
        wait_until(lambda: answers(page), "the page answers")
        yield page
    assert "Traceback" not in output.read_text()


def listens_on(port: int) -> set[str]:
    """Return the addresses, in the kernel's notation, on which a port is listened on."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, hexadecimal = local.partition(":")
            if state == "0A" and int(hexadecimal, 16) == port:
                found.add(address)
    return found


LOOPBACK = "0100007F"


def test_the_web_page_listens_on_loopback_and_starts_a_run_on_both_routes(tmp_path: Path) -> None:
    with routes_server() as server, locust_page(server.url, tmp_path) as page:
        assert listens_on(int(page.rpartition(":")[2])) == {LOOPBACK}
        form = {"user_count": 4, "spawn_rate": 4, "host": server.url, "route": "split"}
        assert reply(f"{page}/swarm", form, Origin=page)["success"]
        wait_until(
            lambda: {route for _, route in server.received} == set(Route), "both routes have votes"
        )


def test_the_web_page_is_open_to_others_on_request(tmp_path: Path) -> None:
    with locust_page("http://127.0.0.1:1", tmp_path, "--web-host", "*") as page:
        (address,) = listens_on(int(page.rpartition(":")[2]))
        assert set(address) == {"0"}


def test_started_by_bazel_it_listens_on_loopback_too(tmp_path: Path) -> None:
    port = free_port()
    program = LOCUSTFILE.with_name("locust_main.py")
    with started([sys.executable, str(program), "--web-port", str(port)], tmp_path / "output"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"), "the page answers")
        assert listens_on(port) == {LOOPBACK}


def test_the_page_cannot_send_the_load_elsewhere(tmp_path: Path) -> None:
    load: dict[str, object] = {"user_count": 4, "spawn_rate": 4}
    with (
        routes_server() as server,
        routes_server() as victim,
        locust_page(server.url, tmp_path) as page,
    ):
        elsewhere = reply(f"{page}/swarm", load | {"host": victim.url})
        assert not elsewhere["success"]
        assert elsewhere["message"].startswith(f"The target is {server.url}. To use another one")
        file = reply(f"{page}/swarm", load | {"html_file": str(tmp_path / "written")})
        assert file["message"] == "These cannot be changed from this page: html_file."
        user = {"user_class_name": "Voter", "host": victim.url}
        assert not reply(f"{page}/user", user)["success"]
        foreign = reply(f"{page}/swarm", load, Origin="http://evil.example")
        assert foreign["message"] == "This is only allowed from Locust's own page."
        assert server.received == []
        # Without a host the form means the one that Locust was started with.
        assert reply(f"{page}/swarm", load)["success"]
        wait_until(lambda: len(server.received) >= 8, "votes come in")
        assert victim.received == []
