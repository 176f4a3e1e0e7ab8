from pathlib import Path

from bench.scale import ScaleTrial


async def test_a_filled_log_counts_more_votes_and_can_be_paged_through(tmp_path: Path) -> None:
    [step] = await ScaleTrial(tmp_path).run(8_500)
    assert step.votes == 8_500
    assert step.cpu_us["svc_consumer"] > 0  # its turns wait until all is counted
    assert set(step.p50_ms) == {"result", "newest votes", "votes from the middle", "page"}
    assert all(milliseconds > 0 for milliseconds in step.p50_ms.values())
