"""The stream of events: each watcher is sent the newest snapshot whenever it changes."""

from contextlib import aclosing
from http import HTTPStatus

from sanic import Request

from svc_results.feed import Feed
from svc_results.frame import GZIP_HEADER, OPENING, Event
from svc_results.static_files import accepts_gzip
from voting.http_app import say_goodbye
from voting.problem import ProblemError


async def stream_events(request: Request, feed: Feed, max_watchers: int) -> None:
    """Send events until the watcher goes or the service stops.

    A watcher who reads slowly makes `send` wait, and the feed go on without him; Sanic ends a
    connection on which nothing could be sent for its response timeout.
    """
    if feed.watchers >= max_watchers:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{max_watchers} watchers are here already",
            headers={"retry-after": "10"},
        )
    zipped = accepts_gzip(request)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if zipped:
        headers["content-encoding"] = "gzip"
    response = await request.respond(
        headers=headers, content_type="text/event-stream; charset=utf-8"
    )

    def encoded(event: Event) -> bytes:
        return event.deflated if zipped else event.text

    await response.send((GZIP_HEADER if zipped else b"") + encoded(OPENING))
    async with aclosing(feed.watch()) as events:
        async for event in events:
            await response.send(encoded(event))
    await response.eof()
    say_goodbye(request)  # the head of the answer was sent long ago
