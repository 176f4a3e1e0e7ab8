"""The event stream: sends each watcher the newest snapshot whenever it changes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

from sanic import Request
from sanic.http import Http

from svc_results.feed.frame import GZIP_HEADER, OPENING, Event
from svc_results.feed.watchers import Watchers
from voting.http.app import close_if_stopping
from voting.http.problem import ProblemError
from voting.pages.static_files import accepts_gzip

# The URL stays in memory while the stream is open, and the stream takes no parameters.
_URL_BYTES_MAX: Final = 200


type Watch = Callable[[], AsyncGenerator[Event]]


async def stream_events(request: Request, watch: Watch, watchers: Watchers) -> None:
    """Send events until the watcher leaves, stalls or sends data, or until the service stops.

    Nothing waits for a slow watcher, which skips to the newest frame.
    """
    if len(request.raw_url) > _URL_BYTES_MAX:
        raise ProblemError(HTTPStatus.REQUEST_URI_TOO_LONG, "the URL is too long")
    with watchers.admit(request):
        await _stream(request, watch, watchers)


async def _stream(request: Request, watch: Watch, watchers: Watchers) -> None:
    zipped = accepts_gzip(request)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if zipped:
        headers["content-encoding"] = "gzip"
    response = await request.respond(
        headers=headers, content_type="text/event-stream; charset=utf-8"
    )
    await response.send(GZIP_HEADER + OPENING.deflated if zipped else OPENING.text)
    if isinstance(request.stream, Http) and request.stream.head_only:
        await response.eof()
        return
    with watchers.connection(request) as connection:
        async with aclosing(watch()) as events:
            async for event in events:
                data = event.zipped_chunk if zipped else event.chunk
                del event  # a slow watcher keeps only these bytes of a frame alive
                if not await connection.send(data):
                    return
        await response.eof()
        close_if_stopping(request)  # the answer's head was sent long ago
