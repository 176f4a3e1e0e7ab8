from pathlib import Path

import pytest

from bench.apparatus.servers import Group, Servers
from bench.cases import rates
from bench.cases.rates import RatedRoutes, RatedSystems
from bench.cases.run import Plan, measure
from bench.report.report import row
from harness.processes.programs import ROOT


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_VOTES_MIN", 20)
    monkeypatch.setattr(rates, "CONNECTIONS", 8)
    for name in ("_WARM_UP_SECONDS", "_SYSTEM_SECONDS", "_VISIBLE_SECONDS", "_IDLE_SECONDS"):
        monkeypatch.setattr(rates, name, 0.3)


@pytest.mark.parametrize("group", [RatedRoutes(), RatedSystems()], ids=["routes", "systems"])
async def test_every_part_takes_votes_at_its_rate(group: Group, tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    async with servers.started(), group.cases(servers) as cases:
        assert [case.name for case in cases] == list(group.names)
        for case in cases:
            assert case.floor
            turn = await case.turn(0.1)
            if case.name == "rate-idle":  # so short that a service may have slept through it
                assert turn.votes == 0 < turn.core_percent(case.own)
                continue
            assert turn.votes > 0
            assert all(turn.cpu_seconds[name] > 0 for name in case.own)
            assert bool(turn.visible) == case.name.startswith("rate-consumer")


async def test_an_older_version_takes_turns_with_this_one(tmp_path: Path) -> None:
    servers, before = Servers(tmp_path), Servers(tmp_path / "before", ROOT)
    plan = Plan(["rate-http-400", "rate-idle"], 0.1, 2)
    http, idle = [row(case) for case in await measure(servers, plan, lambda _: None, before)]
    assert http.to_floor
    assert http.to_before
    assert 0 < http.votes < 200  # 80 are due, and as fast as it can it takes thousands
    assert idle.to_before
    assert set(idle.own) <= set(idle.idle_percent)
