"""Keeps all polls in memory, read from the gRPC servers in the background."""

import asyncio
import logging
from typing import Final

import grpc.aio
from polls.v1 import polls_pb2, polls_pb2_grpc

from voting.polls.book import BrokenLogError
from voting.polls.known_polls import KnownPolls
from voting.polls.metrics import EVENT, HALTED, PROVED
from voting.polls.poll import FRESH_MS
from voting.service.backoff import Backoff
from voting.service.clock_watch import now_ms

_log = logging.getLogger(__name__)

# A server holds a call for 2.5 s. After one that failed, it is asked to answer at once: a failure
# takes 4 of the 10 s for which a proof holds, and a second wait could take the rest.
_TIMEOUT_SECONDS: Final = 4.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0


class PollFollower:
    """Asks the servers for events, one call after the other, each perhaps of another server.

    A server that is behind proves nothing, and so does one whose own proof is old: its age counts
    from when the question was asked. But a server that lacks an event, and has proved its end long
    after we had that event, reads another log. A log that cannot be trusted is `halted` until the
    process starts again, and votes in polls are refused.
    """

    def __init__(self, known: KnownPolls) -> None:
        self._known = known
        self._task: asyncio.Task[None] | None = None
        self._pauses = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        self._failing = False
        self._newest_at_ms = 0  # when the last event came
        self.halted: str | None = None
        HALTED.set(0)

    def start(self, channel: grpc.aio.Channel) -> None:
        """Begin to follow, through the channel of the votes."""
        self._task = asyncio.create_task(self._follow(polls_pb2_grpc.PollServiceStub(channel)))

    async def stop(self) -> None:
        """End; the channel is not closed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _follow(self, stub: polls_pb2_grpc.PollServiceStub) -> None:
        while self.halted is None:
            try:
                await self._ask(stub)
            except grpc.aio.AioRpcError as error:
                # Once per outage; the details tell an unreachable server from an untrusted one.
                level = logging.DEBUG if self._failing else logging.WARNING
                _log.log(
                    level, "cannot read the log of polls: %s, %s", error.code(), error.details()
                )
                self._failing = True
                await asyncio.sleep(self._pauses.pause())
            except BrokenLogError as error:
                self.halted = str(error)
                HALTED.set(1)
                _log.error(
                    "the log of polls cannot be trusted: %s. Votes in polls are refused until this "
                    "service is started again",
                    error,
                )

    async def _ask(self, stub: polls_pb2_grpc.PollServiceStub) -> None:
        asked_at_ms = now_ms()
        request = polls_pb2.ReadEventsRequest(after=self._known.book.number, at_once=self._failing)
        response = await stub.ReadEvents(request, timeout=_TIMEOUT_SECONDS)
        for event in response.events:
            self._known.book.apply(event.value, event.appended_at_ms)
            EVENT.set(self._known.book.number)
            self._newest_at_ms = now_ms()
        if response.age_ms >= 0:
            self._note_proof(asked_at_ms - response.age_ms, response.newest)
        if self._failing:
            _log.info("reading the log of polls again")
        self._failing = False
        self._pauses.reset()

    def _note_proof(self, proved_at_ms: int, newest: int) -> None:
        """Note that the log ended with event `newest` at this time."""
        number = self._known.book.number
        if newest == number:
            self._known.prove(proved_at_ms)
            PROVED.set(proved_at_ms / 1000)
        elif newest < number and proved_at_ms > self._newest_at_ms + FRESH_MS:
            raise BrokenLogError(f"it ends with event {newest}, but was read to event {number}")
