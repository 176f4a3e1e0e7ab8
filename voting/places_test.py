"""The bound on connections, with connections by hand, and with a process that has few files."""

import asyncio
from contextlib import AsyncExitStack

from voting.places import Places
from voting.trial_client import say, trial, voter
from voting.trial_requests import LAST


class Connection:
    """A connection that has been idle for some time."""

    def __init__(self, idle_seconds: float) -> None:
        self.idle_seconds = idle_seconds
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_there_is_a_place_up_to_the_bound() -> None:
    places = Places(2)
    assert places.take([])
    assert places.take([Connection(99)])
    assert not places.take([Connection(0), Connection(0)])


def test_at_the_bound_those_that_only_wait_make_room() -> None:
    waiting, busy, fresh = Connection(6), Connection(0), Connection(4)
    assert Places(3).take([waiting, busy, fresh])
    assert [waiting.closed, busy.closed, fresh.closed] == [True, False, False]


def test_nobody_can_make_a_service_look_at_all_connections_all_the_time() -> None:
    places = Places(1)
    assert not places.take([Connection(0)])
    waiting = Connection(6)
    assert not places.take([waiting])
    assert not waiting.closed


async def test_at_the_bound_of_files_a_service_goes_on() -> None:
    with trial(lean=True, files=256 + 20) as route:
        async with AsyncExitStack() as stack:
            held = [await stack.enter_async_context(voter(route.port)) for _ in range(20)]
            for client in held:
                client.writer.write(b"POST /votes HTTP/1.1\r\n")  # under way: not to be ended
            refused = await say(route.port, answers=99)
            assert refused.heard.startswith(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1")
            assert b"application/problem+json" in refused.heard
            assert not any(client.end for client in held)
        async with asyncio.timeout(10):
            while not (await say(route.port, LAST)).heard.startswith(b"HTTP/1.1 200"):
                await asyncio.sleep(0.01)
        assert "Traceback" not in route.log.read_text()


async def test_idle_connections_do_not_keep_new_ones_out() -> None:
    with trial(lean=True, files=256 + 20) as route:
        async with AsyncExitStack() as stack:
            for _ in range(20):
                await stack.enter_async_context(voter(route.port))
            async with asyncio.timeout(20):
                while not (await say(route.port, LAST)).heard.startswith(b"HTTP/1.1 200"):
                    await asyncio.sleep(0.1)
