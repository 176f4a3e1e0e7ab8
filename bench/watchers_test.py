from pathlib import Path

from bench.watchers import watch


async def test_watchers_get_every_frame_beside_some_who_do_not_read(tmp_path: Path) -> None:
    alone, beside = await watch(tmp_path, [(3, 0), (2, 2)], 3.0, 2)
    for step in (alone, beside):
        assert step.missed == 0
        assert step.frames_per_second > 1
        assert step.kilobytes_per_second > 1
        assert step.frame_us
        assert step.join_us > 0
    assert alone.spread_p99_ms >= alone.spread_p50_ms > 0
