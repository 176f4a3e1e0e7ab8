from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer

from bench.apparatus.servers import Servers
from bench.cases.routes import Routes
from bench.command import bench
from bench.options import parser
from bench.report.report import Report
from harness.processes.errors import ServerError


async def records(kafka: str, topic: str) -> int:
    """Return how many records a topic has."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka) as consumer:
        return sum((await consumer.end_offsets(list(consumer.assignment()))).values())


async def test_votes_of_every_route_are_in_kafka(tmp_path: Path) -> None:
    servers, votes = Servers(tmp_path), 0
    async with servers.started(), Routes().cases(servers) as cases:
        assert [case.name for case in cases] == list(Routes.names)
        for case in cases:
            turn = await case.turn(0.1)
            assert turn.votes > 0
            assert all(turn.cpu_seconds[name] > 0 for name in case.own)
            if case.name.startswith(("http", "grpc")):
                votes += turn.votes
                assert turn.p50
        assert await records(servers.kafka.address, "votes") >= votes
        assert await records(servers.kafka.address, "bench.writes") > 0


def test_the_command_writes_what_it_measured(tmp_path: Path) -> None:
    files = ["--json", f"{tmp_path}/bench.json", "--markdown", f"{tmp_path}/bench.md"]
    short = ["--seconds", "0.1", "--rounds", "2", "--only", "floor-64"]
    assert bench(parser().parse_args([*short, *files])) == 0
    report = msgspec.json.decode((tmp_path / "bench.json").read_bytes(), type=Report)
    [floor] = report.rows
    assert floor.to_floor
    assert floor.to_floor.value == 1
    assert floor.votes > 0
    assert "| floor-64 |" in (tmp_path / "bench.md").read_text()


def test_a_page_without_a_place_for_the_table_is_an_error_before_the_run(tmp_path: Path) -> None:
    (page := tmp_path / "page.md").write_text("# Speed\n")
    with pytest.raises(ServerError, match="has no lines"):
        bench(parser().parse_args(["--markdown", str(page)]))


def test_a_case_that_does_not_exist_is_named() -> None:
    with pytest.raises(ServerError, match="no case is called grcp"):
        bench(parser().parse_args(["--only", "grcp"]))
