from pathlib import Path

from bench.cases.end_to_end import EndToEnd
from bench.cases.servers import Servers
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


async def test_the_memory_of_every_process_is_measured(tmp_path: Path) -> None:
    found = {memory.name: memory for memory in await watch(tmp_path, 1.0, 0.3, 200)}
    assert found["svc_http_route"].is_service
    assert not found["kafka"].is_service
    assert all(memory.most >= memory.begin > 1 for memory in found.values())
