from pathlib import Path

import msgspec
import pytest

from bench.apparatus.turn import Turn
from bench.cases.run import GROUPS, Measured, Plan
from bench.report.page import Page
from bench.report.report import VERSION, Report, machine, row
from bench.report.table import findings, markdown_table, text_table
from harness.processes.errors import ServerError

FLOOR = [Turn(1000, 1.0, {"floor": 0.10}), Turn(1000, 1.0, {"floor": 0.20})]


def measured(
    name: str, *microseconds: float, before: list[Turn] | None = None, **more: object
) -> Measured:
    turns = [
        msgspec.structs.replace(
            Turn(1000, 0.5, {"a": us * 0.75e-3, "b": us * 0.25e-3, "kafka": 1e-3}, 0.01), **more
        )
        for us in microseconds
    ]
    return Measured(name, name, ("a", "b"), turns, FLOOR, before or [])


def report(*all_measured: Measured) -> Report:
    rows = [row(case) for case in all_measured]
    return Report(VERSION, "2026-01-01T00:00+00:00", 1.0, 2, machine(), rows)


def test_a_case_is_compared_with_the_floor_of_its_round() -> None:
    found = row(measured("http", 50, 100))
    assert found.to_floor
    assert round(found.to_floor.value, 9) == 0.5
    assert found.to_floor.low
    assert round(found.to_floor.low, 9) == 0.5  # half of the floor in every round


def test_a_case_costs_what_its_own_processes_use() -> None:
    found = row(measured("http", 50))
    assert found.cpu_us
    assert round(found.cpu_us.value, 6) == 50
    assert set(found.processes) == {"a", "b", "kafka"}
    assert found.votes_per_second
    assert found.votes_per_second.value == 2000


def test_the_table_has_a_line_for_each_case_and_its_parts() -> None:
    lines = text_table(report(measured("http", 50, 100))).splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == ["http", "", ""]
    assert "of it a" in lines[2]
    assert "0.50-0.50" in lines[1]


def test_markdown_names_the_run_that_the_figures_come_from() -> None:
    text = markdown_table(report(measured("http", 50, 100)))
    assert "| http |" in text
    assert "2 rounds of turns of 1 s" in text


def test_new_figures_replace_the_old_ones(tmp_path: Path) -> None:
    (path := tmp_path / "page.md").write_text("# A\n<!-- x -->\nold\n<!-- /x -->\nmore\n")
    Page(path, "x").write("new\n")
    assert path.read_text() == "# A\n<!-- x -->\nnew\n<!-- /x -->\nmore\n"
    with pytest.raises(ServerError, match="has no lines <!-- y --> and <!-- /y -->"):
        Page(path, "y")


def test_the_cost_of_each_part_of_the_consumer_is_a_difference_of_cases() -> None:
    costs = {"consumer-full": 30, "consumer-redis": 20, "consumer-alone": 15}
    text = " ".join(findings(report(*(measured(name, cost) for name, cost in costs.items()))))
    assert "rules 15.0, Redis' client 5.0, MongoDB's client 10.0 µs" in text
    assert "33,333 votes/s per core, 50,000 without MongoDB's" in text


def test_the_time_until_votes_are_in_the_tally_is_a_finding() -> None:
    half = measured("end-to-end-half", 50, visible=[0.010] * 98 + [0.5] * 2)
    assert "p50 10 ms, p99 500 ms (100 probes)" in " ".join(findings(report(half)))


def test_only_what_was_asked_for_is_measured() -> None:
    plan = Plan(["http*-64", "end-to-end"], 1, 1)
    assert [plan.wants(n) for n in ("http-plain-64", "http-256", "end-to-end")] == [1, 0, 1]
    assert len(list(plan.of(GROUPS))) == 2
    assert Plan([], 1, 1).wants("consumer")


def test_an_older_version_has_a_column_only_if_there_was_one() -> None:
    older = [Turn(1000, 0.5, {"a": 0.05, "b": 0.05}), Turn(1000, 0.5, {"a": 0.1, "b": 0.1})]
    found = report(measured("http", 50, 100, before=older))
    assert "of before" not in text_table(report(measured("http", 50)))
    assert text_table(found).splitlines()[1].endswith("0.50  0.50-0.50")


def test_what_services_use_while_nothing_arrives_is_a_share_of_a_core() -> None:
    turns = [Turn(0, 2.0, {"a": 0.001, "b": 0.01}), Turn(0, 2.0, {"a": 0.001, "b": 0.01})]
    idle = report(Measured("idle", "idle", ("a", "b"), turns, FLOOR))
    assert "of it a" in (line := text_table(idle).splitlines()[2])
    assert "0.050 % of a core" in line
