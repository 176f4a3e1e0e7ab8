import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from harness.processes.waiting import until
from svc_results.feed import broadcast as broadcast_module
from svc_results.feed import feed as feed_module
from svc_results.feed.broadcast import Broadcast
from svc_results.feed.feed import Feed
from svc_results.feed.frame import HEARTBEAT, Event, Frame
from svc_results.feed.source import Source
from svc_results.result.snapshot import RouteResult
from svc_results.testing.fakes import FakeStores, fake_vote
from voting.service.lifecycle import Readiness

FAST = 0.05


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores([fake_vote(1)])


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def feed(stores: FakeStores, readiness: Readiness) -> Feed:
    newest = Source("MongoDB", lambda: stores.newest(10))
    return Feed(Source("Redis", stores.read), newest, readiness, FAST)


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def total(event: Event) -> int:
    assert isinstance(event, Frame)
    shown: int = event.snapshot.total
    return shown


async def read_all(feed: Feed) -> None:
    await feed.read_vote_log()
    await feed.read_tally()


async def test_a_watcher_is_sent_the_result_and_each_change(feed: Feed, stores: FakeStores) -> None:
    async with running(feed), aclosing(feed.watch()) as events:
        while total(await anext(events)) != 1:
            pass
        stores.votes.append(fake_vote(2))
        while total(await anext(events)) != 2:
            pass


async def test_all_watchers_share_one_reading(feed: Feed, stores: FakeStores) -> None:
    await read_all(feed)
    watches = [feed.watch() for _ in range(100)]
    frames = {await anext(events) for events in watches}
    assert len(frames) == 1
    assert stores.readings == 1
    assert feed.watchers == 100
    for events in watches:
        await events.aclose()
    assert feed.watchers == 0


async def test_a_slow_watcher_misses_frames_and_gets_the_newest(
    feed: Feed, stores: FakeStores
) -> None:
    async with aclosing(feed.watch()) as events:
        await anext(events)
        for number in range(2, 20):
            stores.votes.append(fake_vote(number))
            await read_all(feed)
        assert total(await anext(events)) == 19


async def test_without_changes_there_are_heartbeats_and_no_frames(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_module, "HEARTBEAT_SECONDS", 0.01)
    await read_all(feed)
    await read_all(feed)  # from the second reading on there are rates
    async with aclosing(feed.watch()) as events:
        assert total(await anext(events)) == 1
        await read_all(feed)
        assert await anext(events) is HEARTBEAT
        assert await anext(events) is HEARTBEAT


async def test_the_stores_are_read_less_often_while_nobody_watches(
    feed: Feed, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "IDLE_SECONDS", 3600.0)
    async with running(feed):
        await until(lambda: feed.snapshot.at is not None)
        before = stores.readings
        for _ in range(100):
            await asyncio.sleep(0)
        assert stores.readings == before


async def test_the_vote_log_rests_while_nobody_watches_and_nothing_is_counted(
    feed: Feed, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "IDLE_SECONDS", 0.001)
    async with running(feed):
        await until(lambda: feed.snapshot.at is not None)
        before = stores.log_readings
        after = stores.readings + 50
        await until(lambda: stores.readings >= after)
        assert stores.log_readings <= before + 1  # which had begun before the tally was known
        stores.votes.append(fake_vote(2))
        await until(lambda: len(feed.snapshot.newest.votes) == 2)
        async with aclosing(feed.watch()) as events:
            await anext(events)
            watched = stores.log_readings + 3
            await until(lambda: stores.log_readings >= watched)


async def test_a_vote_log_that_is_away_is_noticed_although_nothing_is_counted(
    feed: Feed, stores: FakeStores, readiness: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "IDLE_SECONDS", 0.001)
    monkeypatch.setattr(feed_module, "LOOK_AGAIN_SECONDS", 0.05)
    async with running(feed):
        await until(lambda: readiness.ready)
        stores.mongodb_away = True
        await until(lambda: readiness.reason == "MongoDB is not responding")
        stores.mongodb_away = False
        await until(lambda: readiness.ready)


async def test_an_unavailable_store_is_named_and_the_old_result_stays(
    feed: Feed, stores: FakeStores, readiness: Readiness
) -> None:
    await read_all(feed)
    assert readiness.ready
    stores.redis_away = stores.mongodb_away = True
    stores.votes.append(fake_vote(2))
    await read_all(feed)
    assert feed.snapshot.total == len(feed.snapshot.newest.votes) == 1
    assert feed.snapshot.unavailable.tally == "the results are unavailable right now"
    assert feed.snapshot.unavailable.log == "the latest votes are unavailable right now"
    assert readiness.reason == "Redis is not responding; MongoDB is not responding"
    stores.redis_away = stores.mongodb_away = False
    await read_all(feed)
    assert readiness.ready
    assert feed.snapshot.total == len(feed.snapshot.newest.votes) == 2
    assert feed.snapshot.unavailable.tally is None


async def test_before_the_first_reading_there_is_no_result(feed: Feed) -> None:
    async with aclosing(feed.watch()) as events:
        first = await anext(events)
    assert isinstance(first, Frame)
    assert first.snapshot.at is None
    assert msgspec.json.decode(first.text.split(b"data: ")[1])["at"] is None


async def test_closing_the_feed_ends_every_stream(feed: Feed) -> None:
    await read_all(feed)

    async def watch_to_the_end() -> int:
        return len([event async for event in feed.watch()])

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        watching = [tasks.create_task(watch_to_the_end()) for _ in range(3)]
        await until(lambda: feed.watchers == 3)
        feed.close()
    assert [task.result() for task in watching] == [1, 1, 1]


async def test_a_stream_that_nobody_watches_any_more_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing wakes it for a heartbeat: there is one stream for each poll that is watched."""
    monkeypatch.setattr(broadcast_module, "HEARTBEAT_SECONDS", 0.01)
    broadcast = Broadcast(RouteResult(1, None, []))
    async with aclosing(broadcast.watch()) as events:
        await anext(events)
        assert await anext(events) is HEARTBEAT
    gone = weakref.ref(broadcast)
    del broadcast, events
    await until(lambda: gone() is None)
