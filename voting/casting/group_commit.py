"""Group commit: items that arrive while a batch is on its way leave together in the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence


class QueueFullError(Exception):
    """As many items wait as may; the caller should try again later."""


type Done[R] = Callable[[R | BaseException], None]


class GroupCommit[T, R]:
    """Collects single items into batches without latency when idle.

    Each item waits in a lane, which has at most one batch on its way. What waits leaves in
    rounds: as soon as the batches of the last round are back, or after `patience` seconds when
    one of them takes longer. At most `max_in_flight` batches are on their way and at most
    `max_batch` items in each. At most `max_waiting` items wait: memory stays bounded.

    A round does not leave at once but when a turn of the event loop brings no more items: those
    that are there already share the batch, whose cost goes little with its size. With less than
    `enough` items it does not leave within `pause` seconds after the last one's end, either:
    whoever just got a result may soon have the next item.

    `commit(lane, items)` sends one batch and returns a result or an exception for each item, in
    order; when it raises, every item of the batch fails with that exception.
    """

    def __init__(
        self,
        commit: Callable[[int, Sequence[T]], Awaitable[Sequence[R | Exception]]],
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
        self._ready: list[int] = []  # lanes with items and no batch on its way, oldest first
        self._in_flight: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._max_in_flight = max_in_flight
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._patience = patience
        self._pause = pause
        self._enough = enough
        self._earliest = 0.0  # when a small round may leave, in the event loop's time
        self._waiting = 0
        self._armed: asyncio.Handle | None = None
        self.batches = 0

    @property
    def filling(self) -> int:
        """The lane whose next batch leaves first: where a free choice of lane joins best.

        One with a whole batch is left alone, as what came on top would wait for that one's end.
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

        Raises `QueueFullError` when too many items wait already.
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
            self._armed.cancel()  # no need to pause any more
            self._arm()

    async def drain(self) -> None:
        """Wait until every item submitted so far has its result."""
        while self._tasks or self._waiting:
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                await asyncio.sleep(0)  # let the armed dispatch run

    def _arm(self) -> None:
        """See to it that what waits leaves, unless the end of a batch will."""
        loop = asyncio.get_running_loop()
        if not self._in_flight:
            self._armed = loop.call_soon(self._gather, 0)
        elif self._ready and len(self._in_flight) < self._max_in_flight:
            self._armed = loop.call_later(self._patience, self._dispatch)

    def _gather(self, waiting: int) -> None:
        """Let the round leave if it has not grown since `waiting` items were in it."""
        loop = asyncio.get_running_loop()
        if waiting < self._waiting < self._max_batch:
            self._armed = loop.call_soon(self._gather, self._waiting)
        elif self._waiting < self._enough and loop.time() < self._earliest:
            self._armed = loop.call_at(self._earliest, self._dispatch)
        else:
            self._dispatch()

    def _dispatch(self) -> None:
        self._armed = None
        while self._ready and len(self._in_flight) < self._max_in_flight:
            lane = self._ready.pop(0)
            queue = self._queues[lane]
            batch, self._queues[lane] = queue[: self._max_batch], queue[self._max_batch :]
            self._waiting -= len(batch)
            self._in_flight.add(lane)
            self.batches += 1
            task = asyncio.get_running_loop().create_task(self._send(lane, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, lane: int, batch: Sequence[tuple[T, Done[R]]]) -> None:
        outcomes: list[tuple[Done[R], R | BaseException]] = []
        try:
            results = await self._commit(lane, [item for item, _ in batch])
            outcomes = list(zip([done for _, done in batch], results, strict=True))
        except BaseException as error:
            # Whatever went wrong: no caller may wait for ever for a batch that is gone.
            outcomes = [(done, error) for _, done in batch]
            if not isinstance(error, Exception):
                raise
        finally:
            self._returned(lane)
            _report(outcomes)

    def _returned(self, lane: int) -> None:
        self._in_flight.discard(lane)
        if self._queues[lane]:
            self._ready.append(lane)
        if not self._in_flight:
            self._earliest = asyncio.get_running_loop().time() + self._pause
            if self._armed is not None:
                self._armed.cancel()  # the round is back: no need to be patient any more
                self._armed = None
        if self._ready and self._armed is None:
            self._arm()


def _report[R](results: Iterable[tuple[Done[R], R | BaseException]]) -> None:
    failure: BaseException | None = None
    for done, result in results:
        try:
            done(result)
        except BaseException as error:  # noqa: BLE001 - no callback may keep the others from theirs
            failure = failure or error
    if failure is not None:
        raise failure


def settle[R](future: asyncio.Future[R], result: R | BaseException) -> None:
    """Give a future its result, or its exception, unless its owner has gone away."""
    if future.done():
        return
    if isinstance(result, asyncio.CancelledError):
        future.cancel()
    elif isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
