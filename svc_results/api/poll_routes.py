"""The endpoints of polls: the page, the screen, the state, the result, and the events."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from sanic import HTTPResponse, Request, Sanic

from svc_results.api.answers import html_answer, json_answer, unavailable
from svc_results.api.events import stream_events
from svc_results.api.query import read_language, read_transparent, read_voted
from svc_results.api.security import SCANNER_HEADERS
from svc_results.feed.watchers import Watchers
from svc_results.page.poll_page import render_no_poll, render_poll, render_screen, takes_codes
from svc_results.polls.audience import Audience, NotPublishedError, ResultNotShownError
from svc_results.polls.followed_polls import PollsUnavailableError, UnknownPollError
from svc_results.polls.poll_feeds import TooManyPollsError
from svc_results.result.snapshot import TALLY_AWAY
from voting.http.problem import JSON_TYPE, ProblemError
from voting.pages.static_files import StaticFiles
from voting.polls.known_polls import RESULT_NOT_SHOWN, RefusalKind
from voting.polls.poll import Poll
from voting.stores.errors import StoreUnavailableError

_TEXT: Final = "text/plain; charset=utf-8"
POLLS_AWAY: Final = "the polls are unavailable right now"


def add_polls(
    app: Sanic[Any, Any], audience: Audience, watchers: Watchers, files: StaticFiles
) -> None:
    """Add the endpoints of polls to the app."""

    async def show(request: Request, poll: str, render: Callable[..., str]) -> HTTPResponse:
        language = read_language(request)
        try:
            found = audience.polls.find(poll)
        except (UnknownPollError, PollsUnavailableError) as error:
            known = isinstance(error, UnknownPollError)
            status = HTTPStatus.NOT_FOUND if known else HTTPStatus.SERVICE_UNAVAILABLE
            page = render_no_poll(language, files.root, known=known)
            return html_answer(request, page, language, status)
        snapshot = await audience.feeds.snapshot(found)
        state = audience.state(found)
        answer = html_answer(request, render(language, state, snapshot, files.root), language)
        if takes_codes(state):
            answer.headers.update(SCANNER_HEADERS)
        return answer

    @app.get("/p/<poll:str>")
    async def poll_page(request: Request, poll: str) -> HTTPResponse:
        return await show(request, poll, partial(render_poll, voted=read_voted(request)))

    @app.get("/p/<poll:str>/screen")
    async def poll_screen(request: Request, poll: str) -> HTTPResponse:
        render = partial(
            render_screen,
            address=f"{request.host}/p/{poll}",
            transparent=read_transparent(request),
        )
        return await show(request, poll, render)

    @app.get("/api/polls/<poll:str>")
    async def state(_: Request, poll: str) -> HTTPResponse:
        return json_answer(audience.state(_find(audience, poll)))

    @app.get("/api/polls/<poll:str>/result")
    async def result(_: Request, poll: str) -> HTTPResponse:
        try:
            return json_answer(await audience.result(_find(audience, poll)))
        except ResultNotShownError as error:
            raise _not_shown() from error
        except (StoreUnavailableError, ValueError) as error:
            raise unavailable(TALLY_AWAY) from error

    @app.get("/api/polls/<poll:str>/result.json")
    async def signed_document(_: Request, poll: str) -> HTTPResponse:
        note = _signed(audience, poll)
        return HTTPResponse(note.partition(b"\n")[0], content_type=JSON_TYPE)

    @app.get("/api/polls/<poll:str>/result.note")
    async def signed_note(_: Request, poll: str) -> HTTPResponse:
        return HTTPResponse(_signed(audience, poll), content_type=_TEXT)

    @app.get("/api/public-key")
    async def public_key(_: Request) -> HTTPResponse:
        if not audience.published.public_key:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no public key is set")
        return HTTPResponse(f"{audience.published.public_key}\n", content_type=_TEXT)

    @app.get("/api/polls/<poll:str>/events")
    async def poll_events(request: Request, poll: str) -> None:
        try:
            async with audience.feeds.stream(_find(audience, poll)) as broadcast:
                await stream_events(request, broadcast.watch, watchers)
        except TooManyPollsError as error:
            raise unavailable("too many polls are watched") from error


def _signed(audience: Audience, poll_id: str) -> bytes:
    try:
        return audience.signed_result(_find(audience, poll_id))
    except ResultNotShownError as error:
        raise _not_shown() from error
    except NotPublishedError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "the result is not published") from error


def _not_shown() -> ProblemError:
    return ProblemError(
        HTTPStatus.CONFLICT, "the result may not be seen now", kind=RESULT_NOT_SHOWN
    )


def _find(audience: Audience, poll_id: str) -> Poll:
    """Return the poll; raise `ProblemError` if there is none, or if that is not known."""
    try:
        return audience.polls.find(poll_id)
    except UnknownPollError as error:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "poll: does not exist", kind=RefusalKind.NO_SUCH_POLL
        ) from error
    except PollsUnavailableError as error:
        raise unavailable(POLLS_AWAY) from error
