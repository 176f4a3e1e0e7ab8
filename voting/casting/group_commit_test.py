import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from voting.casting.group_commit import Batch, GroupCommit, QueueFullError, settle


class Gate:
    """A commit function that holds each batch until the test opens the gate for it."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[str]]] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.is_open = False
        self._tasks: set[asyncio.Task[None]] = set()

    def commit(self, batches: Sequence[Batch[str, str]]) -> None:
        for batch in batches:
            self._tasks.add(asyncio.create_task(self._hold(batch)))

    async def _hold(self, batch: Batch[str, str]) -> None:
        self.batches.append((batch.lane, batch.items))
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(gate)
        if not self.is_open:
            await gate
        batch.finish([item.upper() if item != "bad" else ValueError(item) for item in batch.items])

    def open(self, index: int) -> None:
        self.waiting[index].set_result(None)

    async def let_all_through(self, commit: Group) -> None:
        """Finish all batches, so that none is left when the test ends."""
        self.is_open = True
        for gate in self.waiting:
            settle(gate, None)
        await commit.drain()

    async def holds(self, batches: int) -> None:
        """Wait until this many batches have arrived."""
        async with asyncio.timeout(10):
            while len(self.batches) < batches:
                await asyncio.sleep(0)


async def turn() -> None:
    """Let everything run that is ready."""
    for _ in range(5):
        await asyncio.sleep(0)


class Group(GroupCommit[str, str]):
    """A group commit that returns results as futures."""

    def put(self, lane: int, item: str) -> asyncio.Future[str]:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.submit(lane, item, partial(settle, future))
        return future


def group(gate: Gate, patience: float = 60, pause: float = 0, **limits: int) -> Group:
    defaults = {"lanes": 3, "max_in_flight": 2, "max_batch": 100, "max_waiting": 100}
    return Group(gate.commit, patience=patience, pause=pause, **defaults | limits)


async def test_a_single_item_leaves_at_once() -> None:
    gate = Gate()
    future = group(gate).put(1, "a")
    await turn()
    assert gate.batches == [(1, ["a"])]
    gate.open(0)
    assert await future == "A"


async def test_items_of_one_turn_and_lane_share_a_batch() -> None:
    gate = Gate()
    commit = group(gate)
    for item in "abc":
        commit.put(0, item)
    commit.put(1, "d")
    await turn()
    assert gate.batches == [(0, ["a", "b", "c"]), (1, ["d"])]
    await gate.let_all_through(commit)


async def test_items_that_arrive_during_a_batch_leave_together_in_the_next() -> None:
    gate = Gate()
    commit = group(gate)
    commit.put(0, "a")
    await turn()
    for item in "bc":
        commit.put(0, item)
        await turn()
    assert gate.batches == [(0, ["a"])]
    gate.open(0)
    await turn()
    assert gate.batches == [(0, ["a"]), (0, ["b", "c"])]
    await gate.let_all_through(commit)


async def test_a_round_waits_for_the_previous_one() -> None:
    gate = Gate()
    commit = group(gate, max_in_flight=3)
    commit.put(0, "a")
    commit.put(1, "b")
    await turn()
    commit.put(2, "c")
    await turn()
    gate.open(0)
    await turn()
    assert [lane for lane, _ in gate.batches] == [0, 1]
    gate.open(1)
    await turn()
    assert [lane for lane, _ in gate.batches] == [0, 1, 2]
    await gate.let_all_through(commit)


async def test_a_round_waits_no_longer_than_its_patience() -> None:
    gate = Gate()
    commit = group(gate, patience=0.001)
    commit.put(0, "stuck")
    await turn()
    commit.put(1, "b")
    await gate.holds(2)
    assert [lane for lane, _ in gate.batches] == [0, 1]
    await gate.let_all_through(commit)


async def test_at_most_max_in_flight_batches_are_in_flight() -> None:
    gate = Gate()
    commit = group(gate, patience=0.001)
    for lane in range(3):
        commit.put(lane, "x")
    await turn()
    assert [lane for lane, _ in gate.batches] == [0, 1]
    gate.open(1)
    await gate.holds(3)
    assert [lane for lane, _ in gate.batches] == [0, 1, 2]
    await gate.let_all_through(commit)


async def test_a_round_leaves_when_no_more_items_arrive() -> None:
    gate = Gate()
    commit = group(gate)
    for item in "abc":
        commit.put(0, item)
        await asyncio.sleep(0)
    await turn()
    assert gate.batches == [(0, ["a", "b", "c"])]
    await gate.let_all_through(commit)


async def one_round(gate: Gate, commit: Group, items: str) -> None:
    """Send these items in one round and return their results, so that the pause begins."""
    for item in items:
        commit.put(0, item)
    await turn()
    gate.open(0)
    await turn()


async def test_a_small_round_waits_for_a_pause_after_the_previous_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, loop = Gate(), asyncio.get_running_loop()
    commit, now = group(gate, pause=0.5, enough=3), loop.time()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "time", lambda: now)
        await one_round(gate, commit, "ab")
        commit.put(0, "c")
        await turn()
        commit.put(0, "d")
        assert gate.batches == [(0, ["a", "b"])]
    await gate.holds(2)
    assert gate.batches[1:] == [(0, ["c", "d"])]
    await gate.let_all_through(commit)


async def test_there_is_no_pause_after_a_lone_item() -> None:
    gate = Gate()
    commit = group(gate, pause=60, enough=3)
    await one_round(gate, commit, "a")
    commit.put(0, "b")
    await gate.holds(2)
    await gate.let_all_through(commit)


async def test_a_round_with_enough_items_leaves_without_a_pause() -> None:
    gate = Gate()
    commit = group(gate, pause=60, enough=3)
    await one_round(gate, commit, "ab")
    for item in "cde":
        commit.put(0, item)
        await turn()
    assert gate.batches[1:] == [(0, ["c", "d", "e"])]
    await gate.let_all_through(commit)


async def test_a_failing_callback_does_not_affect_the_others() -> None:
    gate = Gate()
    commit = group(gate)

    def fail(_: object) -> None:
        raise ConnectionError("gone")

    commit.submit(0, "gone", fail)
    stays = commit.put(0, "stays")
    await turn()
    gate.open(0)
    assert await stays == "STAYS"
    await gate.let_all_through(commit)


async def test_many_failing_callbacks_do_not_affect_the_last_one() -> None:
    gate = Gate()
    commit = group(gate, max_batch=2001, max_waiting=2001)

    def fail(_: object) -> None:
        raise ConnectionError("gone")

    for _ in range(2000):
        commit.submit(0, "gone", fail)
    stays = commit.put(0, "stays")
    await turn()
    gate.open(0)
    assert await stays == "STAYS"
    await gate.let_all_through(commit)


async def test_a_long_queue_leaves_in_several_batches_in_order() -> None:
    gate = Gate()
    commit = group(gate, max_batch=2)
    for item in "abc":
        commit.put(0, item)
    await turn()
    gate.open(0)
    await turn()
    assert gate.batches == [(0, ["a", "b"]), (0, ["c"])]
    await gate.let_all_through(commit)


async def test_each_item_has_its_own_result_or_error() -> None:
    gate = Gate()
    commit = group(gate)
    good, bad = commit.put(0, "good"), commit.put(0, "bad")
    await turn()
    gate.open(0)
    assert await good == "GOOD"
    with pytest.raises(ValueError, match="bad"):
        await bad
    await gate.let_all_through(commit)


async def test_a_failed_batch_fails_its_items_and_the_lane_continues() -> None:
    calls: list[list[str]] = []

    def commit(batches: Sequence[Batch[str, str]]) -> None:
        [batch] = batches
        calls.append(batch.items)
        if len(calls) == 1:
            raise ConnectionError("gone")
        batch.finish(batch.items)

    lanes = Group(commit, lanes=1, max_in_flight=1, max_batch=9, max_waiting=9, patience=1)
    first = lanes.put(0, "a")
    with pytest.raises(ConnectionError, match="gone"):
        await first
    assert await lanes.put(0, "b") == "b"


async def test_a_wrong_number_of_results_fails_every_item() -> None:
    def commit(batches: Sequence[Batch[str, str]]) -> None:
        for batch in batches:
            batch.finish(batch.items[1:])

    lanes = Group(commit, lanes=1, max_in_flight=1, max_batch=9, max_waiting=9, patience=1)
    futures = [lanes.put(0, item) for item in "ab"]
    done, _ = await asyncio.wait(futures)
    assert len(done) == 2
    assert any(future.exception() for future in futures)


async def test_a_lane_is_free_once_its_batch_is_finished() -> None:
    gate = Gate()
    commit = group(gate, patience=0.001)
    commit.put(0, "quick")
    commit.put(1, "stuck")
    await turn()
    gate.open(0)
    commit.put(0, "next")
    await gate.holds(3)
    assert gate.batches == [(0, ["quick"]), (1, ["stuck"]), (0, ["next"])]
    await gate.let_all_through(commit)


async def test_a_full_queue_refuses_at_once() -> None:
    gate = Gate()
    commit = group(gate, max_waiting=2)
    commit.put(0, "a")
    commit.put(0, "b")
    with pytest.raises(QueueFullError):
        commit.put(0, "c")
    await turn()  # the batch is in flight: there is room again
    commit.put(0, "c")
    await gate.let_all_through(commit)


async def test_a_cancelled_item_does_not_affect_the_others() -> None:
    gate = Gate()
    commit = group(gate)
    gone, stays = commit.put(0, "gone"), commit.put(0, "stays")
    await turn()
    gone.cancel()
    gate.open(0)
    assert await stays == "STAYS"
    await gate.let_all_through(commit)


async def test_drain_waits_for_everything() -> None:
    gate = Gate()
    commit = group(gate, max_in_flight=1)
    futures = [commit.put(lane, "x") for lane in range(2)]
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
    commit.put(first, "a")
    assert commit.filling == first  # it has not left yet
    await turn()
    second = commit.filling
    assert second != first
    commit.put(second, "b")
    await turn()
    assert commit.filling == second  # the first round is still in flight
    gate.open(0)
    await turn()
    third = commit.filling
    assert {first, second, third} == {0, 1, 2}
    await gate.let_all_through(commit)


async def test_a_lane_with_a_full_batch_is_not_filled_further() -> None:
    gate = Gate()
    commit = group(gate, max_batch=2)
    lanes = []
    for item in "abcd":
        lanes.append(commit.filling)
        commit.put(lanes[-1], item)
    assert lanes == [0, 0, 1, 1]
    await turn()
    assert gate.batches == [(0, ["a", "b"]), (1, ["c", "d"])]
    await gate.let_all_through(commit)
