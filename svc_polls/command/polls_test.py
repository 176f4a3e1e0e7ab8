"""The command line against the service as it runs."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from harness.processes.ports import free_port
from harness.processes.programs import python_environment
from harness.processes.waiting import STUCK_SECONDS, wait_until
from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_polls.tokens import Organiser, Role, hash_of

if TYPE_CHECKING:  # pytest loads them as plugins and must be the first to do so
    from harness.testing.fixtures import StartService
    from svc_polls.testing.command_fixtures import Ran

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.command_fixtures"]

TOKEN: Final = "the-token"
READER: Final = "another-token"
POLL: Final = """\
- poll: {poll}
  titles: {{en: Best album, es: Mejor álbum}}
  show_result: on_release
  entries:
    - {{id: swift, name: Taylor Swift, album: 1989, year: 2014}}
    - {{id: "yes", name: Yes, album: Fragile, year: 1971}}
"""
_NUMBERS: Final = itertools.count()


@pytest.fixture(scope="module")
def running(kafka: KafkaServer, service: StartService) -> Service:
    kafka.create_topics({"polls-command": 1})
    organisers = (
        Organiser("ana", frozenset(Role), hash_of(TOKEN)),
        Organiser("rea", frozenset({Role.RELEASER}), hash_of(READER)),
    )
    return service(
        "svc_polls",
        KAFKA_POLLS_TOPIC="polls-command",
        ANSWER_WITHIN_SECONDS="1",
        ORGANISER_TOKENS=",".join(organiser.line for organiser in organisers),
    )


@pytest.fixture(autouse=True)
def _environment(running: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLLS_SERVER", running.url)
    monkeypatch.setenv("POLLS_TOKEN", TOKEN)


@pytest.fixture
def poll() -> str:
    """Return the id of a poll that no other test has."""
    return f"poll-{next(_NUMBERS)}"


def test_a_poll_lives_on_the_command_line(run: Ran, poll: str, tmp_path: Path) -> None:
    file = tmp_path / "polls.yaml"
    file.write_text(POLL.format(poll=poll))
    assert run("apply", "--dry-run", "polls.yaml") == 0
    assert run.out == f"{poll}: would be created\n"
    assert run("apply", "polls.yaml") == 0
    assert run.out.startswith(f"{poll}: draft (event ")
    assert run("apply", str(file)) == 0
    assert run.out == f"{poll}: unchanged\n"
    more = "  scale: {max: 5}\n  voters: {scope: awards-2026, votes: 3, ways: [codes]}\n"
    file.write_text(POLL.format(poll=poll) + more)
    assert run("apply", str(file)) == 0
    assert run("show", poll) == 0
    assert "scale       1 to 5" in run.out
    assert (
        "voters      with tokens of scope awards-2026, key 1; votes: 3 each; tokens: codes"
        in run.out
    )
    assert "classes     audience 0 (weight 1)" in run.out
    assert "ties        rank-sum, then a shared place" in run.out
    assert "Taylor Swift  1989" in run.out
    assert run("copy", poll, f"{poll}-copy") == 0
    assert run("open", poll) == 0
    assert run.out.startswith(f"{poll}: open (event ")
    file.write_text(POLL.format(poll=poll))
    assert run("apply", str(file)) == 1
    assert run.err == f"polls: {poll} (line 1): its definition is frozen\n"
    assert run("close", poll, "--at", "2100-01-01T00:00:00Z") == 0
    assert "closes 2100-01-01T00:00:00.000Z" in run.out
    assert run("show", poll, "--json") == 0
    event = json.loads(run.out)["event"]
    assert run("close", poll, "--if-event", str(event - 1)) == 1
    assert run.err == f"polls: the poll's last event is {event}\n"
    assert run("close", poll, "--if-event", str(event)) == 0
    assert run("revoke", poll, "--batch", "7") == 0
    assert run("revoke", poll, "--class", "audience") == 0
    assert run("revoke", poll, "--batch", "7") == 1
    assert run.err == "polls: those tokens were taken back before\n"
    assert run("revoke", poll, "--class", "jury") == 1
    assert run.err == "polls: voter_class: is not a class of this poll's voters\n"
    assert run("revoke", poll, "--batch", "65536") == 1
    assert run("show", poll) == 0
    assert "revoked     class audience, batch 7\n" in run.out
    assert run("release", poll) == 1
    assert run.err == "polls: its result is not final yet\n"

    def is_final() -> bool:
        run("show", poll, "--json")
        return bool(json.loads(run.out)["phase"] == "final")

    wait_until(is_final, "the cut")
    assert run("release", poll) == 0
    assert run("list") == 0
    assert f"{poll} " in run.out
    assert "final" in run.out
    assert run("history", poll) == 0
    changes = [line.split()[3] for line in run.out.splitlines()[1:]]
    moved = ["close", "close", "revoke", "revoke", "cut", "release"]
    assert changes == ["define", "define", "open", *moved]
    assert "class audience" in run.out
    assert "rank_max" in run.out


def test_many_polls_are_listed_page_by_page(
    run: Ran, monkeypatch: pytest.MonkeyPatch, poll: str, tmp_path: Path
) -> None:
    monkeypatch.setattr("svc_polls.command.client._PAGE", 2)
    names = [f"{poll}-{number}" for number in range(5)]
    (tmp_path / "polls.yaml").write_text("".join(POLL.format(poll=name) for name in names))
    assert run("apply", "polls.yaml") == 0
    assert run("list", "--json") == 0
    assert {*names} <= {one["id"] for one in json.loads(run.out)}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "polls: polls.yaml: No such file or directory\n"),
        (b"\xff", "polls: polls.yaml: is not UTF-8\n"),
        (b"poll: a\ntitles: 7\n", "polls: polls.yaml: line 2: titles: Expected `object`"),
    ],
)
def test_a_wrong_file_changes_nothing(
    run: Ran, content: bytes | None, error: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "polls.yaml").write_bytes(content)
    assert run("apply", "polls.yaml") == 2
    assert run.err.startswith(error)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["show", "A B"], "'A B': must be lower-case letters"),
        (["close", "a", "--at", "soon"], "'soon' must be a time like"),
        (["revoke", "a"], "one of the arguments --class --batch is required"),
        (["open", "a", "--if-event", "x"], "invalid int value: 'x'"),
    ],
)
def test_a_wrong_argument_is_named(run: Ran, arguments: list[str], error: str) -> None:
    assert run(*arguments) == 2
    assert error in run.err


def test_help_explains_the_environment_and_the_exit_status(run: Ran) -> None:
    assert run("--help") == 0
    assert "POLLS_TOKEN" in run.out
    assert "exit status" in run.out


def test_a_token_comes_from_the_environment_or_a_file(
    run: Ran, monkeypatch: pytest.MonkeyPatch, poll: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{READER}\n")
    assert run("--token-file", "token", "list") == 0
    assert run("--token-file", "token", "open", poll) == 1
    assert run.err == "polls: rea is no operator\n"
    monkeypatch.delenv("POLLS_TOKEN")
    assert run("list") == 2
    assert "POLLS_TOKEN" in run.err
    monkeypatch.setenv("POLLS_TOKEN", "wrong")
    assert run("list") == 1
    assert run.err == "polls: the token is not an organiser's\n"
    assert run("--token-file", "none", "list") == 2


def test_a_server_that_cannot_be_reached_is_named(run: Ran) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert run("--server", nobody, "open", "a") == 1
    assert run.err.startswith(f"polls: cannot reach {nobody}: ")
    assert run("--server", "nonsense", "list") == 1


def test_what_is_not_svc_polls_is_recognised(run: Ran, service: StartService) -> None:
    other = service("svc_http_route", ready_path="/healthz")
    assert run("--server", other.url, "list") == 1
    assert "nothing found at /api/polls" in run.err


def test_a_server_that_stops_in_the_middle_leaves_the_outcome_unknown(
    run: Ran, running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svc_polls.command.client._ANSWER_SECONDS", 0.2)
    running.pause()
    try:
        assert run("open", "nobody") == 3
        assert "did not answer" in run.err
        assert run("show", "nobody") == 1
    finally:
        running.resume()


def test_ctrl_c_ends_it_at_once(running: Service) -> None:
    running.pause()
    try:
        command = [sys.executable, "-m", "svc_polls.command.polls", "list"]
        environment = {**os.environ, **python_environment()}
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        ) as process:
            connections = Path(f"/proc/{process.pid}/fd")
            wait_until(lambda: any(map(_is_socket, connections.iterdir())), "its connection")
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=STUCK_SECONDS)
        assert process.returncode == 130
        assert error == "polls: interrupted; a change that was under way may take effect\n"
    finally:
        running.resume()


def _is_socket(descriptor: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False
