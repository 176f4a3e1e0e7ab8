"""Group commit: items that arrive while a batch is in flight leave together in the next one."""

import asyncio
from collections.abc import Callable, Sequence


class QueueFullError(Exception):
    """Too many items are waiting; the caller should try again later."""


type Done[R] = Callable[[R | BaseException], None]


class Batch[T, R]:
    """Items of one lane that leave together, and whoever waits for their results."""

    __slots__ = ("_dones", "_returned", "items", "lane", "pending")

    def __init__(
        self, lane: int, entries: Sequence[tuple[T, Done[R]]], returned: Callable[[int], None]
    ) -> None:
        """Make a batch; `returned` is called with the lane when the results are known."""
        self.lane = lane
        self.items = [item for item, _ in entries]
        self.pending = True
        """Whether the results are not known yet."""
        self._dones = [done for _, done in entries]
        self._returned = returned

    def finish(self, results: Sequence[R | Exception]) -> None:
        """Report the result of each item, in order."""
        if len(results) != len(self._dones):
            raise ValueError(f"{len(results)} results for {len(self._dones)} items")
        self._report(results)

    def fail(self, error: BaseException) -> None:
        """Report the same error for each item."""
        self._report([error] * len(self._dones))

    def _report(self, results: Sequence[R | BaseException]) -> None:
        self.pending = False
        self._returned(self.lane)
        for done, result in zip(self._dones, results, strict=True):
            try:
                done(result)
            except Exception as error:  # noqa: BLE001 - the other callbacks must still be called
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a result could not be reported", "exception": error}
                )


class GroupCommit[T, R]:
    """Collects single items into batches, without adding latency when idle.

    Each item waits in a lane, which has at most one batch in flight. Waiting items leave in rounds:
    as soon as the batches of the previous round are done, or after `patience` seconds if one of
    them takes longer. At most `max_in_flight` batches of at most `max_batch` items are in flight,
    and at most `max_waiting` items wait, so memory stays bounded.

    A round leaves once an iteration of the event loop adds no more items, because a batch costs
    little more when it is larger. A round of fewer than `enough` items also waits until `pause`
    seconds after the end of the previous one, unless that had a single item: callers that just got
    a result may soon submit their next item.

    `commit(batches)` sends the batches of a round, and sees to it that `finish` or `fail` of each
    is called later, as soon as its results are known. If it raises, those still pending fail.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Batch[T, R]]], None],
        *,
        lanes: int,
        max_in_flight: int,
        max_batch: int,
        max_waiting: int,
        patience: float,
        pause: float = 0,
        enough: int = 1,
    ) -> None:
        self._commit = commit
        self._queues: list[list[tuple[T, Done[R]]]] = [[] for _ in range(lanes)]
        self._ready: list[int] = []  # lanes with items and no batch in flight, oldest first
        self._in_flight: set[int] = set()
        self._drained: asyncio.Event = asyncio.Event()
        self._max_in_flight = max_in_flight
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._patience = patience
        self._pause = pause
        self._enough = enough
        self._alone = False  # whether a single item left in the last round
        self._earliest = 0.0  # when a small round may leave, in the loop's time
        self._waiting = 0
        self._armed: asyncio.Handle | None = None
        self.batches = 0

    @property
    def filling(self) -> int:
        """The lane whose next batch leaves first: the best one if the caller is free to choose.

        Lanes with a full batch are skipped, as further items would wait for that batch to end.
        """
        if self._ready and len(self._queues[self._ready[0]]) < self._max_batch:
            return self._ready[0]
        for offset in range(len(self._queues)):
            lane = (self.batches + offset) % len(self._queues)
            if lane not in self._in_flight and len(self._queues[lane]) < self._max_batch:
                return lane
        return self.batches % len(self._queues)

    def submit(self, lane: int, item: T, done: Done[R]) -> None:
        """Queue an item; `done` is called with its result or exception.

        Raises `QueueFullError` when too many items are waiting.
        """
        if self._waiting >= self._max_waiting:
            raise QueueFullError(f"{self._waiting} items are waiting")
        queue = self._queues[lane]
        if not queue and lane not in self._in_flight:
            self._ready.append(lane)
        queue.append((item, done))
        self._waiting += 1
        if self._armed is None:
            self._arm()
        elif self._waiting == self._enough and not self._in_flight:
            self._armed.cancel()  # enough items: no need to pause
            self._arm()

    async def drain(self) -> None:
        """Wait until every item submitted so far has its result."""
        while self._in_flight or self._waiting:
            self._drained.clear()
            await self._drained.wait()

    def _arm(self) -> None:
        """Schedule the next round, unless the end of a batch will start it."""
        loop = asyncio.get_running_loop()
        if not self._in_flight:
            self._armed = loop.call_soon(self._gather, 0)
        elif self._ready and len(self._in_flight) < self._max_in_flight:
            self._armed = loop.call_later(self._patience, self._dispatch)

    def _gather(self, waiting: int) -> None:
        """Dispatch the round if it has not grown beyond `waiting` items; else check again."""
        loop = asyncio.get_running_loop()
        if waiting < self._waiting < self._max_batch:
            self._armed = loop.call_soon(self._gather, self._waiting)
        elif self._waiting < self._enough and loop.time() < self._earliest:
            self._armed = loop.call_at(self._earliest, self._dispatch)
        else:
            self._dispatch()

    def _dispatch(self) -> None:
        self._armed = None
        batches: list[Batch[T, R]] = []
        while self._ready and len(self._in_flight) < self._max_in_flight:
            lane = self._ready.pop(0)
            queue = self._queues[lane]
            entries, self._queues[lane] = queue[: self._max_batch], queue[self._max_batch :]
            self._waiting -= len(entries)
            self._in_flight.add(lane)
            batches.append(Batch(lane, entries, self._returned))
        if not batches:
            return
        self.batches += len(batches)
        self._alone = len(batches) == len(batches[0].items) == 1
        try:
            self._commit(batches)
        except Exception as error:  # noqa: BLE001 - no caller may wait forever for a lost batch
            for batch in batches:
                if batch.pending:
                    batch.fail(error)

    def _returned(self, lane: int) -> None:
        self._in_flight.discard(lane)
        if self._queues[lane]:
            self._ready.append(lane)
        if not self._in_flight:
            pause = 0.0 if self._alone else self._pause
            self._earliest = asyncio.get_running_loop().time() + pause
            if self._armed is not None:
                self._armed.cancel()  # the round is done: no need to wait longer
                self._armed = None
        if self._ready and self._armed is None:
            self._arm()
        if not self._in_flight and not self._waiting:
            self._drained.set()


def settle[R](future: asyncio.Future[R], result: R | BaseException) -> None:
    """Set a future's result or exception, unless it is already done or cancelled."""
    if future.done():
        return
    if isinstance(result, asyncio.CancelledError):
        future.cancel()
    elif isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
