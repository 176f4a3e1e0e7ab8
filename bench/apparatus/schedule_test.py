import asyncio
import time
from random import Random

from bench.apparatus.schedule import Schedule


async def times(seed: int) -> list[float]:
    """Return when the first votes were due, after the very first; check that none came early."""
    found: list[float] = []

    def take_all() -> None:
        while (at := schedule.take_due()) is not None:
            assert at <= time.monotonic()
            found.append(at)
        if len(found) > 80:
            running.cancel()

    schedule = Schedule(500, 60, Random(seed), take_all)
    running = asyncio.create_task(schedule.run())
    await asyncio.wait([running])
    return [at - found[0] for at in found]


async def test_the_same_seed_gives_the_same_times() -> None:
    one, same, other = await times(1), await times(1), await times(2)
    both = min(len(one), len(same))
    assert both > 75
    assert [round(at, 6) for at in one[:both]] == [round(at, 6) for at in same[:both]]
    assert one[1:3] != other[1:3]


async def test_votes_that_nobody_could_take_are_due_at_their_own_time() -> None:
    """A stalled generator finds them late, with the times they should have had."""
    rung = asyncio.Event()
    schedule = Schedule(1000, 10, Random(1), rung.set)
    running = asyncio.create_task(schedule.run())
    await rung.wait()
    begin = time.monotonic()
    while time.monotonic() < begin + 0.05:  # nothing else runs meanwhile
        pass
    late = []
    while (at := schedule.take_due()) is not None:
        late.append(at)
    assert len(late) > 10
    assert late[0] < late[-1] - 0.02
    running.cancel()
    await asyncio.wait([running])


async def test_a_stalled_schedule_ends_on_time() -> None:
    schedule = Schedule(1000, 0.05, Random(1), lambda: None)
    await schedule.run()
    assert schedule.take_due() is None
