"""`PollService`: the log of polls for svc_grpc_client, which has no Kafka."""

import asyncio
from typing import Final

from grpc.aio import ServicerContext
from polls.v1 import polls_pb2, polls_pb2_grpc

from voting.polls.book import Recorded
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms

# How long a call waits for an event. Each call wakes some threads of gRPC on both sides.
HOLD_SECONDS: Final = 2.5
# Bytes of events in one response, which has at least one.
EVENTS_BYTES: Final = 1_000_000


class PollEvents:
    """The events of the log of polls, and how long ago it was known that there are no others."""

    def __init__(self, polls: KnownPolls) -> None:
        self._polls = polls
        self._events: list[polls_pb2.RecordedEvent] = []
        self._appended = asyncio.Event()
        self.waiting = 0  # calls that wait for the next event

    def append(self, value: bytes, recorded: Recorded) -> None:
        """Add the next event, given by its record's value."""
        self._events.append(
            polls_pb2.RecordedEvent(value=value, appended_at_ms=recorded.appended_at_ms)
        )
        self._appended.set()
        self._appended = asyncio.Event()

    async def after(self, number: int, *, at_once: bool) -> polls_pb2.ReadEventsResponse:
        """Return the events after this number, `at_once` or as soon as there is one."""
        held_ms = 0
        if number >= len(self._events) and not at_once:
            loop = asyncio.get_running_loop()
            asked = loop.time()
            self.waiting += 1
            try:
                async with asyncio.timeout(HOLD_SECONDS):
                    await self._appended.wait()
            except TimeoutError:
                pass
            finally:
                self.waiting -= 1
            held_ms = int((loop.time() - asked) * 1000)
        response = polls_pb2.ReadEventsResponse(newest=len(self._events))
        size = 0
        for event in self._events[max(0, number) :]:
            size += len(event.value)
            if response.events and size > EVENTS_BYTES:
                break
            response.events.append(event)
        age_ms = self._polls.age_ms(now_ms())
        response.age_ms = age_ms if age_ms < 0 else max(0, age_ms - held_ms)
        return response


class PollService(polls_pb2_grpc.PollServiceServicer):
    """Serves events to whoever asks."""

    def __init__(self, events: PollEvents) -> None:
        self._events = events

    async def ReadEvents(  # noqa: N802 - the name is the schema's
        self,
        request: polls_pb2.ReadEventsRequest,
        _context: ServicerContext[polls_pb2.ReadEventsRequest, polls_pb2.ReadEventsResponse],
    ) -> polls_pb2.ReadEventsResponse:
        """Return the events after one."""
        return await self._events.after(request.after, at_once=request.at_once)
