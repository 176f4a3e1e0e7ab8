"""The command line, and its errors when the comparison cannot run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes.waiting import STUCK_SECONDS, wait_until
from harness.servers.mongodb_server import MongodbServer
from loadtest.command.command_line import new_parser
from loadtest.command.compare_command import main
from loadtest.command.read_options import read_options
from loadtest.testing.routes_server import RoutesServer, routes_server
from voting.domain.vote import Route

pytest_plugins = ["harness.testing.fixtures"]

NO_MONGODB = "mongodb://user:secret@127.0.0.1:1"
NO_REDIS = "redis://:secret@127.0.0.1:1/0"


@pytest.fixture
def server() -> Iterator[RoutesServer]:
    with routes_server() as server:
        yield server


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "127.0.0.1:8080"], "--target: must be a URL"),
        (["--duration", "0"], "--duration: must be a number from 1 to 3600"),
        (["--duration", "nan"], "--duration: must be a number"),
        (["--warm-up", "x"], "--warm-up: must be a number from 0 to 60"),
        (["--rate", "0"], "--rate: must be a number from 0.1 to 20000"),
        (["--users", "0"], "--users: must be a whole number from 1 to 5000"),
        (["--users", "1.5"], "--users: must be a whole number"),
        (["--weights", "50"], "--weights: must be two positive numbers such as 50:50"),
        (["--weights", "0:100"], "--weights: must be two positive numbers"),
        (["--arrivals", "bursts"], "--arrivals: invalid choice"),
        (["--rate", "20000", "--duration", "3600"], "more than 5,000,000 votes in one phase"),
        (["--users", "1", "--processes", "2"], "--users: must be at least --processes"),
        (["--ramp", "--arrivals", "closed"], "--ramp: cannot be used with --arrivals closed"),
        (["--candidates", "grpc"], "--candidates: must be two or three of grpc, http, grpc-unary"),
        (["--candidates", "grpc,rest"], "--candidates: must be two or three of"),
        (["--candidates", "grpc,grpc"], "--candidates: must be two or three of"),
        (["--sweep", "100"], "--sweep: must be two or more different rates from 0.1 to 20000"),
        (["--sweep", "100,many"], "--sweep: must be two or more different rates"),
        (["--sweep", "100,99999"], "--sweep: must be two or more different rates"),
        (["--sweep", "100,20000", "--duration", "3600"], "more than 5,000,000 votes in one"),
        (["--sweep", "1,2", "--arrivals", "closed"], "--sweep: cannot be used with --arrivals"),
        (["--sweep", "1,2", "--ramp"], "--sweep: cannot be used with --ramp"),
        (["--compare", "/nowhere/report.json"], "--compare: cannot be read: "),
        (["--compare", __file__], "--compare: is not a report.json of version 2 or 3 or 4"),
        (["--voters", "10"], "--voters: needs --poll"),
        (["--poll", "a", "--voters", "0"], "--voters: must be a whole number from 1 to"),
        (["--poll", "a", "--voters", "9", "--voter-key", "256"], "--voter-key: must be"),
        (["--colour"], "--colour"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


def test_ctrl_c_during_the_imports_ends_it_without_a_traceback(tmp_path: Path) -> None:
    imported = tmp_path / "imported"
    slow = f"import pathlib, time\npathlib.Path({str(imported)!r}).touch()\ntime.sleep(60)\n"
    (tmp_path / "numpy.py").write_text(slow)
    paths = [str(tmp_path), *sys.path]
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtest.compare"],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    wait_until(imported.exists, "numpy is being imported")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=STUCK_SECONDS)
    assert (process.returncode, errors) == (-signal.SIGINT, b"")


def test_help_names_every_option_and_the_exit_status() -> None:
    text = new_parser().format_help()
    for option in ("--target", "--duration", "--rate", "--users", "--output", "--seed"):
        assert option in text
    assert "exit status: 0" in text


def test_the_weights_are_read_with_the_grpc_route_first() -> None:
    assert read_options(["--weights", "90:10"]).weights == {Route.GRPC: 90.0, Route.HTTP: 10.0}


def test_reports_go_to_the_users_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    assert read_options([]).output.parent == tmp_path / "reports"
    assert read_options(["--output", "mine"]).output == tmp_path / "mine"


def test_a_target_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "http://127.0.0.1:1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("compare: cannot reach target http://127.0.0.1:1: ")
    assert error.count("\n") == 1


def test_a_target_without_the_forcing_header_is_named(
    server: RoutesServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "route_of", lambda _: Route.HTTP)
    assert main(["--target", server.url]) == 2
    assert "answered X-Vote-Canary: never via the http route" in capsys.readouterr().err


def test_a_target_without_a_way_for_unary_calls_says_how_to_get_one(
    server: RoutesServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--target", server.url, "--candidates", "grpc,http,grpc-unary"]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"compare: target {server.url} has no way for candidate grpc-unary: for the host"
        " grpc-unary.internal it answered 422 via the http route. Start the local stack with"
        " --grpc-unary; on Kubernetes add the component grpc-unary (docs/comparison.md)\n"
    )


def test_a_mongodb_that_does_not_answer_is_named_without_its_password(
    server: RoutesServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = [
        "--target",
        server.url,
        "--mongodb-url",
        NO_MONGODB,
        "--output",
        str(tmp_path / "o"),
    ]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("compare: MongoDB at mongodb://127.0.0.1:1: ")
    assert "secret" not in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_a_redis_that_does_not_answer_is_named_without_its_password(
    server: RoutesServer, mongodb: MongodbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = ["--mongodb-url", mongodb.url, "--redis-url", NO_REDIS]
    assert main(["--target", server.url, *stores]) == 2
    error = capsys.readouterr().err
    assert error.startswith("compare: Redis at redis://127.0.0.1:1/0: ")
    assert "secret" not in error


def test_a_store_url_of_another_kind_is_named(
    server: RoutesServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--target", server.url, "--redis-url", "http://127.0.0.1"]) == 2
    assert "compare: the URL of Redis: " in capsys.readouterr().err
