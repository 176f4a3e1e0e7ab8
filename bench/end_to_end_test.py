from pathlib import Path

from bench.end_to_end import EndToEnd
from bench.rig import Rig


async def test_votes_come_through_and_probes_become_visible(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    async with rig.started(), EndToEnd().cases(rig) as (full, half):
        turn = await full.turn(0.3)  # which waits until all are counted
        assert turn.votes > 0
        assert all(turn.cpu_seconds[name] > 0 for name in full.own)
        turn = await half.turn(0.5)
        assert turn.votes > 0
        assert turn.visible
        assert min(turn.visible) > 0
