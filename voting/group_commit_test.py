import asyncio
from collections.abc import Sequence

import pytest

from voting.group_commit import GroupCommit, QueueFullError


class Gate:
    """A commit that holds every batch until it is let through."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[str]]] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def commit(self, lane: int, items: Sequence[str]) -> list[str | Exception]:
        self.batches.append((lane, list(items)))
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(gate)
        await gate
        return [item.upper() if item != "bad" else ValueError(item) for item in items]

    def open(self, index: int) -> None:
        self.waiting[index].set_result(None)


async def turn() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def group(gate: Gate, **limits: int) -> GroupCommit[str, str]:
    defaults = {"lanes": 3, "max_in_flight": 2, "max_batch": 100, "max_waiting": 100}
    return GroupCommit(gate.commit, **defaults | limits)


async def test_a_single_item_leaves_at_once() -> None:
    gate = Gate()
    future = group(gate).submit(1, "a")
    await turn()
    assert gate.batches == [(1, ["a"])]
    gate.open(0)
    assert await future == "A"


async def test_items_of_one_turn_and_lane_share_a_batch() -> None:
    gate = Gate()
    commit = group(gate)
    for item in "abc":
        commit.submit(0, item)
    commit.submit(1, "d")
    await turn()
    assert gate.batches == [(0, ["a", "b", "c"]), (1, ["d"])]


async def test_items_that_arrive_meanwhile_leave_together_next() -> None:
    gate = Gate()
    commit = group(gate)
    commit.submit(0, "a")
    await turn()
    for item in "bc":
        commit.submit(0, item)
        await turn()
    assert gate.batches == [(0, ["a"])]
    gate.open(0)
    await turn()
    assert gate.batches == [(0, ["a"]), (0, ["b", "c"])]


async def test_no_more_than_max_in_flight_batches_are_on_their_way() -> None:
    gate = Gate()
    commit = group(gate)
    for lane in range(3):
        commit.submit(lane, "x")
    await turn()
    assert [lane for lane, _ in gate.batches] == [0, 1]
    gate.open(1)
    await turn()
    assert [lane for lane, _ in gate.batches] == [0, 1, 2]


async def test_a_large_queue_leaves_in_pieces_and_in_order() -> None:
    gate = Gate()
    commit = group(gate, max_batch=2)
    for item in "abc":
        commit.submit(0, item)
    await turn()
    gate.open(0)
    await turn()
    assert gate.batches == [(0, ["a", "b"]), (0, ["c"])]


async def test_each_item_has_its_own_result_or_error() -> None:
    gate = Gate()
    commit = group(gate)
    good, bad = commit.submit(0, "good"), commit.submit(0, "bad")
    await turn()
    gate.open(0)
    assert await good == "GOOD"
    with pytest.raises(ValueError, match="bad"):
        await bad


async def test_a_failed_batch_fails_its_items_and_the_lane_goes_on() -> None:
    calls: list[list[str]] = []

    async def commit(_lane: int, items: Sequence[str]) -> list[str]:
        calls.append(list(items))
        if len(calls) == 1:
            raise ConnectionError("gone")
        return list(items)

    lanes = GroupCommit[str, str](commit, lanes=1, max_in_flight=1, max_batch=9, max_waiting=9)
    first = lanes.submit(0, "a")
    with pytest.raises(ConnectionError, match="gone"):
        await first
    assert await lanes.submit(0, "b") == "b"


async def test_a_wrong_number_of_results_fails_every_item() -> None:
    async def commit(_lane: int, items: Sequence[str]) -> list[str]:
        return list(items)[1:]

    lanes = GroupCommit[str, str](commit, lanes=1, max_in_flight=1, max_batch=9, max_waiting=9)
    futures = [lanes.submit(0, item) for item in "ab"]
    done, _ = await asyncio.wait(futures)
    assert len(done) == 2
    assert any(future.exception() for future in futures)


async def test_a_full_queue_refuses_at_once() -> None:
    gate = Gate()
    commit = group(gate, max_waiting=2)
    commit.submit(0, "a")
    commit.submit(0, "b")
    with pytest.raises(QueueFullError):
        commit.submit(0, "c")
    await turn()  # the batch is on its way: there is room again
    commit.submit(0, "c")


async def test_an_item_whose_owner_has_gone_does_not_harm_the_others() -> None:
    gate = Gate()
    commit = group(gate)
    gone, stays = commit.submit(0, "gone"), commit.submit(0, "stays")
    await turn()
    gone.cancel()
    gate.open(0)
    assert await stays == "STAYS"


async def test_drain_waits_for_everything() -> None:
    gate = Gate()
    commit = group(gate, max_in_flight=1)
    futures = [commit.submit(lane, "x") for lane in range(2)]
    drained = asyncio.create_task(commit.drain())
    await turn()
    gate.open(0)
    await turn()
    assert not drained.done()
    gate.open(1)
    await drained
    assert all(future.done() for future in futures)


async def test_the_filling_lane_is_the_one_that_leaves_first() -> None:
    gate = Gate()
    commit = group(gate)
    first = commit.filling
    commit.submit(first, "a")
    assert commit.filling == first  # it has not left yet
    await turn()
    assert commit.filling != first
    second = commit.filling
    commit.submit(second, "b")
    await turn()
    third = commit.filling
    assert {first, second, third} == {0, 1, 2}
    commit.submit(third, "c")
    assert commit.filling == third  # all places are taken: it goes on filling
