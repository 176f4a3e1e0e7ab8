from pathlib import Path

import msgspec
import pytest

from loadtest.analysis.machine import machine
from loadtest.analysis.setup_differences import setup_differences
from loadtest.model.candidate import Candidate
from loadtest.model.report import Report, Setup, from_json, to_json
from loadtest.model.side_by_side import Ratios
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu
from voting.domain.vote import Route


@pytest.fixture
def report(tmp_path: Path) -> Report:
    phase = phase_of([accepted(n) for n in range(200)], tmp_path, Candidate.HTTP)
    return new_report([with_cpu(phase, svc_http_route=100.0)], None)


def differences(old: Report, **changes: object) -> list[str]:
    setup = msgspec.structs.replace(old.setup, **changes)
    return list(setup_differences(old, msgspec.structs.replace(old, setup=setup)))


def test_the_same_set_up_has_no_difference_whatever_the_seed(report: Report) -> None:
    assert differences(report) == []
    assert differences(report, seed=2) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "http://other"}, "target: was http://127.0.0.1:8080, is http://other"),
        (
            {"candidates": (Candidate.GRPC, Candidate.GRPC_UNARY)},
            "candidates: was grpc, http, is grpc, grpc-unary",
        ),
        ({"sweep": (100.0, 2000.0)}, "rates of the sweep: was none, is 100, 2000"),
        ({"pattern": "constant"}, "arrivals: was poisson, is constant"),
        ({"rate": 100.0}, "rate: was 400, is 100"),
        ({"users": 8}, "connections: was 64, is 8"),
        ({"processes": 2}, "load generator processes: was 1, is 2"),
        ({"seconds": 60.0}, "duration: was 1, is 60"),
        ({"rounds": 6}, "rounds: was 1, is 6"),
        ({"warm_up": 1.0}, "warm-up: was 0, is 1"),
        ({"timeout": 2.0}, "timeout: was 10, is 2"),
        ({"client_ids": False}, "client-generated ids: was yes, is no"),
        ({"fresh_share": 0.5}, "share of votes over new connections: was 0.25, is 0.5"),
        ({"machine": "another"}, "machine: was a machine, is another"),
        ({"version": None}, "code: was abc1234, is unknown"),
        (
            {"weights": {Route.GRPC: 90.0, Route.HTTP: 50.0}},
            "weight of the gRPC route: was 50, is 90",
        ),
    ],
)
def test_every_difference_is_named(changes: dict[str, object], words: str, report: Report) -> None:
    assert differences(report, **changes) == [words]


def test_no_part_of_the_set_up_is_forgotten(report: Report) -> None:
    for field in Setup.__struct_fields__:
        value = {Route.GRPC: 1.0} if field == "weights" else "another"
        assert bool(differences(report, **{field: value})) == (field != "seed"), field


def test_another_number_of_instances_is_named(report: Report) -> None:
    processes = report.side_by_side.processes
    more = {name: msgspec.structs.replace(cost, instances=2) for name, cost in processes.items()}
    found = msgspec.structs.replace(report.side_by_side, processes=more)
    new = msgspec.structs.replace(report, side_by_side=found)
    differences = list(setup_differences(report, new))
    assert differences == ["instances of svc_http_route: was 1, is 2"]


def test_what_an_older_report_does_not_record_is_unknown(report: Report) -> None:
    document = msgspec.json.decode(to_json(report)) | {"version": 2}
    for part in ("machine", "version", "candidates", "sweep"):
        del document["setup"][part]
    document["side_by_side"]["ratios"] = dict.fromkeys(Ratios.__struct_fields__)
    del document["side_by_side"]["pairs"]
    old = from_json(msgspec.json.encode(document))
    assert list(setup_differences(old, report)) == [
        "machine: was unknown, is a machine",
        "code: was unknown, is abc1234",
    ]


def test_the_machine_is_named_by_its_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert machine(cpuinfo).startswith("Some CPU @ 2 GHz, ")
    assert " core" in machine(tmp_path / "none")
