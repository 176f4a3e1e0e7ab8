from pathlib import Path

import pytest

from bench.apparatus.servers import Servers
from bench.cases import rates, whole
from bench.cases.end_to_end import EndToEnd
from bench.cases.whole import Whole
from bench.memory import watch


async def test_votes_are_counted_and_probes_become_visible(tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    async with servers.started(), EndToEnd().cases(servers) as (full, half):
        turn = await full.turn(0.3)  # which waits until all are counted
        assert turn.votes > 0
        assert all(turn.cpu_seconds[name] > 0 for name in full.own)
        turn = await half.turn(0.5)
        assert turn.votes > 0
        assert turn.visible
        assert min(turn.visible) > 0


async def test_every_process_has_its_part_in_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_FULL_SECONDS", 0.3)
    monkeypatch.setattr(rates, "_SYSTEM_SECONDS", 0.3)
    servers = Servers(tmp_path)
    async with servers.started(), Whole().cases(servers) as cases:
        assert [case.name for case in cases] == list(Whole.names)
        for case in cases:
            turn = await case.turn(0.3)
            assert turn.votes > 0
            assert {"entry", "kafka", "redis", "mongodb", "svc_results"} < set(case.own)
            spent = [turn.cpu_seconds[name] for name in case.own]
            assert (
                min(spent) >= 0 < sum(spent)
            )  # in so short a turn, an idle service spends nothing


async def test_the_memory_of_every_process_is_measured(tmp_path: Path) -> None:
    found = {memory.name: memory for memory in await watch(tmp_path, 1.0, 0.3, 200)}
    assert found["svc_http_route"].is_service
    assert not found["kafka"].is_service
    assert all(memory.most >= memory.begin > 1 for memory in found.values())
