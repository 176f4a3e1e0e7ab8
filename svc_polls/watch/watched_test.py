import asyncio
from collections.abc import AsyncGenerator

from svc_polls.watch.watched import Watched


class Source:
    """Readings 1, 2, 3 ...: one whenever `more` is set."""

    def __init__(self, breaks_at: int = 0) -> None:
        self.started = self.ended = 0
        self.more = asyncio.Event()
        self._breaks_at = breaks_at

    async def readings(self) -> AsyncGenerator[int]:
        self.started += 1
        number = 0
        try:
            while True:
                number += 1
                if number == self._breaks_at:
                    raise RuntimeError("broken")
                yield number
                await self.more.wait()
                self.more.clear()
        finally:
            self.ended += 1


async def until_ended(watched: Watched[int]) -> None:
    async with asyncio.timeout(5):
        while watched.is_reading:
            await asyncio.sleep(0)


async def test_nothing_is_read_before_somebody_asks_and_once_for_all_who_do() -> None:
    source = Source()
    watched = Watched(source.readings)
    assert source.started == 0
    assert [watched.newest() for _ in range(3)] == [None] * 3
    async with asyncio.timeout(5):
        while watched.newest() != 1:
            await asyncio.sleep(0)
    assert source.started == 1
    await watched.stop()
    assert source.ended == 1


async def test_the_readings_end_when_nobody_asks_any_more_and_start_anew() -> None:
    source = Source()
    watched = Watched(source.readings, stay_seconds=-1)
    watched.newest()
    await until_ended(watched)
    assert (source.started, source.ended) == (1, 1)
    assert watched.newest() is None  # an old reading is not shown as a new one
    await until_ended(watched)
    assert source.started == 2


async def test_readings_that_broke_start_anew() -> None:
    source = Source(breaks_at=1)
    watched = Watched(source.readings)
    watched.newest()
    await until_ended(watched)
    assert watched.newest() is None
    await until_ended(watched)
    assert source.started == 2
