import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import msgspec
import pytest

from svc_results.feed.frame import Event, Frame
from svc_results.polls import poll_feeds
from svc_results.polls.poll_feeds import POLLS_WATCHED_MAX, TooManyPollsError
from svc_results.polls.poll_snapshot import PollSnapshot
from svc_results.polls.poll_state import Phase
from svc_results.testing.polls import FakeAudience, counted
from voting.polls.definition import ENTRIES_MAX, ShowResult
from voting.polls.event import Open
from voting.testing.polls import entries

NOW = 100_000


@pytest.fixture
async def audience() -> AsyncIterator[FakeAudience]:
    audience = FakeAudience(NOW)
    reading = asyncio.create_task(audience.feeds.run())
    async with asyncio.timeout(10):
        yield audience
    reading.cancel()
    await asyncio.wait([reading])
    await audience.counts.close()


def open_poll(audience: FakeAudience, poll: str = "p", **fields: object) -> None:
    audience.log.define(NOW, poll=poll, **fields)
    audience.log.append(Open(), NOW, poll)


def shown(event: Event) -> PollSnapshot:
    assert isinstance(event, Frame)
    assert isinstance(event.snapshot, PollSnapshot)
    return event.snapshot


async def test_watchers_get_the_result_and_each_change(audience: FakeAudience) -> None:
    open_poll(audience)
    poll = audience.polls.find("p")
    async with audience.feeds.stream(poll) as broadcast, aclosing(broadcast.watch()) as events:
        assert shown(await anext(events)).votes == 0
        audience.counted.tallies["p"] = counted(blue=2, moon=2, rumours=1)
        snapshot = shown(await anext(events))
        assert [(one.place, one.id) for one in snapshot.result or ()] == [
            (1, "moon"),
            (1, "blue"),
            (3, "rumours"),
        ]
    assert audience.feeds.watched == 0


async def test_a_poll_that_nobody_watches_is_not_read(audience: FakeAudience) -> None:
    open_poll(audience)
    open_poll(audience, "other")
    poll = audience.polls.find("p")
    async with audience.feeds.stream(poll) as broadcast, aclosing(broadcast.watch()) as events:
        await anext(events)
        audience.counted.tallies["p"] = counted(blue=1)
        await anext(events)
    asked = len(audience.counted.asked)
    assert {poll for poll, _ in audience.counted.asked} == {"p"}
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(audience.counted.asked) == asked


async def test_a_result_that_may_not_be_seen_is_not_even_read(audience: FakeAudience) -> None:
    open_poll(audience, show_result=ShowResult.ON_CLOSE)
    audience.counted.tallies["p"] = counted(blue=7)
    poll = audience.polls.find("p")
    async with audience.feeds.stream(poll) as broadcast, aclosing(broadcast.watch()) as events:
        snapshot = shown(await anext(events))
        assert (snapshot.result_shown, snapshot.result) == (False, None)
        assert (await audience.feeds.snapshot(poll)).result is None
    assert audience.counted.asked == []


async def test_a_poll_opens_and_closes_before_its_watchers_eyes(audience: FakeAudience) -> None:
    audience.log.define(NOW, poll="p", opens_at_ms=NOW + 20_000, closes_at_ms=NOW + 30_000)
    poll = audience.polls.find("p")
    async with audience.feeds.stream(poll) as broadcast, aclosing(broadcast.watch()) as events:
        assert shown(await anext(events)).phase is Phase.NOT_OPEN
        audience.at(NOW + 20_000)
        assert shown(await anext(events)).phase is Phase.OPEN
        audience.at(NOW + 30_000)
        assert shown(await anext(events)).phase is Phase.CLOSED


async def test_without_the_tally_the_last_result_stays_and_is_marked(
    audience: FakeAudience,
) -> None:
    open_poll(audience)
    audience.counted.tallies["p"] = counted(blue=2)
    poll = audience.polls.find("p")
    async with audience.feeds.stream(poll) as broadcast, aclosing(broadcast.watch()) as events:
        assert shown(await anext(events)).counted
        audience.counted.away = True
        snapshot = shown(await anext(events))
        assert (snapshot.counted, snapshot.votes) == (False, 2)
        assert (await audience.feeds.snapshot(poll)).votes == 2
        audience.counted.away = False
        assert shown(await anext(events)).counted


async def test_the_polls_watched_at_a_time_are_bounded(
    audience: FakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_feeds, "REST_FACTOR", 0)
    for number in range(POLLS_WATCHED_MAX + 1):
        audience.log.define(NOW, poll=f"p{number}")
    async with AsyncExitStack() as watching:
        for number in range(POLLS_WATCHED_MAX):
            await watching.enter_async_context(
                audience.feeds.stream(audience.polls.find(f"p{number}"))
            )
        last = audience.polls.find(f"p{POLLS_WATCHED_MAX}")
        with pytest.raises(TooManyPollsError):
            await watching.enter_async_context(audience.feeds.stream(last))
        # One that is watched already takes no more room.
        await watching.enter_async_context(audience.feeds.stream(audience.polls.find("p0")))
    assert audience.feeds.watched == 0


async def test_the_largest_poll_has_small_events(audience: FakeAudience) -> None:
    many = tuple(
        msgspec.structs.replace(entry, id=f"{'x' * 55}-{number:04}", name="\U0001d11e" * 200)
        for number, entry in enumerate(entries(ENTRIES_MAX))
    )
    open_poll(audience, entries=many)
    audience.counted.tallies["p"] = counted(**{entry.id: 10**9 for entry in many})
    async with audience.feeds.stream(audience.polls.find("p")) as broadcast:
        assert len(broadcast.frame.text) < 70_000
        assert len(broadcast.frame.snapshot.result or ()) == ENTRIES_MAX


async def test_closing_ends_every_stream(audience: FakeAudience) -> None:
    open_poll(audience)
    async with audience.feeds.stream(audience.polls.find("p")) as broadcast:
        audience.feeds.close()
        assert [event async for event in broadcast.watch()] == []
