from pathlib import Path

import pytest

from bench.apparatus.servers import Group, Servers
from bench.cases.consumers import Parts, Scale


@pytest.mark.parametrize("group", [Parts(), Scale()], ids=["parts", "scale"])
async def test_consumers_count_every_vote_of_a_turn(group: Group, tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    async with servers.started(), group.cases(servers) as cases:
        assert [case.name for case in cases] == list(group.names)
        for case in cases:
            turn = await case.turn(0.1)  # which waits until all are counted
            assert turn.votes >= 1000
            # Without the tally Redis has nothing to do; a short turn may fall between its ticks.
            others = ("kafka",) if case.name == "consumer-alone" else ("kafka", "redis")
            assert all(turn.cpu_seconds[name] > 0 for name in (*case.own, *others))
