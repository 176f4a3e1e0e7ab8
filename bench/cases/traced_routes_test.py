from pathlib import Path

from bench.apparatus.servers import Servers
from bench.cases.traced_routes import TracedRoutes


async def test_every_case_takes_votes_and_is_compared_with_itself_without_traces(
    tmp_path: Path,
) -> None:
    servers = Servers(tmp_path)
    async with servers.started(), TracedRoutes().cases(servers) as cases:
        assert [case.name for case in cases] == list(TracedRoutes.names)
        for case in cases:
            turn = await case.turn(0.1)
            assert turn.votes > 0
            assert all(turn.cpu_seconds[name] > 0 for name in case.own)
            assert case.floor is not None
            assert case.floor.name == f"{case.name.partition('-')[0]}-traces-off"
