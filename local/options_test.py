from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from harness.processes.ports import DEFAULT_PORTS
from harness.servers.collector import Collector
from harness.system.stack import Stack
from local.commands import comparison_options
from local.options import add_stack_options, chosen_collector, chosen_folder, chosen_ports


def parse(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    add_stack_options(parser)
    return parser.parse_args(arguments)


def test_ports_have_defaults_and_can_be_chosen() -> None:
    assert chosen_ports(parse()) == DEFAULT_PORTS
    assert chosen_ports(parse("--port-kafka", "10001")) == {
        **DEFAULT_PORTS,
        "kafka": 10001,
    }


def test_the_comparison_takes_unary_grpc_in_where_the_stack_has_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path, DEFAULT_PORTS, has_unary=True)
    assert comparison_options(stack)["--candidates"] == "grpc,http,grpc-unary"
    assert "--candidates" not in comparison_options(Stack(tmp_path, DEFAULT_PORTS))


def test_free_ports_all_differ_except_those_chosen() -> None:
    ports = chosen_ports(parse("--free-ports", "--port-entry", "10002"))
    assert ports.keys() == DEFAULT_PORTS.keys()
    assert len(set(ports.values())) == len(ports)
    assert ports["entry"] == 10002


def test_traces_go_where_the_user_says(tmp_path: Path) -> None:
    assert chosen_collector(parse()) is None
    asked = parse("--traces", "http://127.0.0.1:4318", "--traced-share", "0.5")
    assert chosen_collector(asked) == Collector("http://127.0.0.1:4318", 0.5)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "many"])
def test_what_is_no_share_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--traced-share", text)
    assert "argument --traced-share: invalid share value" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "65536", "many"])
def test_what_is_no_port_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--port-redis", text)
    assert f"argument --port-redis: invalid tcp_port value: '{text}'" in capsys.readouterr().err


def test_a_folder_is_relative_to_the_users_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    assert chosen_folder(parse("--data-dir", "votes")) == tmp_path / "votes"


def test_every_port_of_the_stack_has_an_option(tmp_path: Path) -> None:
    stack = Stack(tmp_path, DEFAULT_PORTS, has_unary=True)
    names = [name for server in stack.servers for name in server.ports]
    for name in names:
        parse(f"--port-{name.replace('_', '-')}", "10003")
    assert sorted(names) == sorted(DEFAULT_PORTS)
