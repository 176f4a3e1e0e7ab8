"""Group commit: items that arrive while a batch is on its way leave together in the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence


class QueueFullError(Exception):
    """As many items wait as may; the caller should be told to come back later."""


class GroupCommit[T, R]:
    """Collects single items into batches without a timer and without latency when idle.

    Each item waits in a lane. A lane has at most one batch on its way, all lanes together at most
    `max_in_flight`; the rest waits and leaves when a place is free, at most `max_batch` items at
    a time. At most `max_waiting` items wait: memory stays bounded whatever arrives.

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
    ) -> None:
        self._commit = commit
        self._queues: list[list[tuple[T, asyncio.Future[R]]]] = [[] for _ in range(lanes)]
        self._ready: list[int] = []  # lanes with items and no batch on its way, oldest first
        self._in_flight: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._max_in_flight = max_in_flight
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting = 0
        self._armed = False
        self.batches = 0

    @property
    def filling(self) -> int:
        """The lane whose next batch leaves first: where a free choice of lane joins best."""
        if self._ready:
            return self._ready[0]
        for offset in range(len(self._queues)):
            lane = (self.batches + offset) % len(self._queues)
            if lane not in self._in_flight:
                return lane
        return self.batches % len(self._queues)

    def submit(self, lane: int, item: T) -> asyncio.Future[R]:
        """Queue an item and return the future of its result.

        Raises `QueueFullError` when too many items wait already.
        """
        if self._waiting >= self._max_waiting:
            raise QueueFullError(f"{self._waiting} items are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        queue = self._queues[lane]
        queue.append((item, future))
        self._waiting += 1
        if len(queue) == 1 and lane not in self._in_flight:
            self._ready.append(lane)
        if not self._armed and len(self._in_flight) < self._max_in_flight:
            # Not at once: what arrives in this turn of the event loop shares the batch.
            self._armed = True
            loop.call_soon(self._dispatch)
        return future

    async def drain(self) -> None:
        """Wait until every item submitted so far has its result."""
        while self._tasks or self._waiting:
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                await asyncio.sleep(0)  # let the armed dispatch run

    def _dispatch(self) -> None:
        self._armed = False
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

    async def _send(self, lane: int, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._commit(lane, [item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                _settle(future, result)
        except BaseException as error:
            # Whatever went wrong, nobody may wait for ever for a batch that is gone.
            for _, future in batch:
                _settle(future, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._in_flight.discard(lane)
            if self._queues[lane]:
                self._ready.append(lane)
            self._dispatch()


def _settle[R](future: asyncio.Future[R], result: R | BaseException) -> None:
    if future.done():  # its owner has gone away
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
