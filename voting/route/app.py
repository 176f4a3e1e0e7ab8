"""The app of both routes: `POST /votes` in front of a `VoteSink`."""

import time
from http import HTTPStatus
from typing import Any, Final

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from voting.casting.ballot_memory import BallotMemory
from voting.casting.sink import VoteSink
from voting.domain.headers import ROUTE_HEADER, TRACE_HEADER
from voting.domain.vote import Route, Vote
from voting.http.app import add_operations, close_if_stopping, new_app, problem_of, to_response
from voting.http.problem import HttpAnswer
from voting.http.unread_answers import UnreadAnswers
from voting.pages.form_page import refusal_page
from voting.polls.known_polls import KnownPolls
from voting.route.form_post import (
    FORM_MAX,
    check_sender,
    is_form,
    language_of,
    read_fields,
    read_form_vote,
    redirect_to_page,
)
from voting.route.openapi import vote_api_document
from voting.route.route_state import CLIENT_LEFT, RouteState
from voting.route.vote_api import (
    KEY_HEADER,
    answer_vote,
    check_content_coding,
    check_media_type,
    read_json_vote,
)
from voting.service.lifecycle import Readiness
from voting.tracing.trace_context import if_sampled, read_traceparent, trace_id_of

# A route's answers are short, so few clients are slow to read them; its memory is small, too.
_UNREAD_MAX: Final = 12 << 20

# An accepted form is answered with a redirect to the page.
_ACCEPTED: Final = {HTTPStatus.ACCEPTED, HTTPStatus.SEE_OTHER}


def route_app(
    name: str, route: Route, sink: VoteSink, readiness: Readiness, polls: KnownPolls
) -> Sanic[Any, Any]:
    """Return the app that accepts votes on `route` and hands them to `sink`.

    Votes in polls are judged by `polls`, which the caller keeps fresh.
    """
    app = new_app(name)
    app.config.REQUEST_MAX_SIZE = FORM_MAX  # JSON bodies have a smaller bound
    add_operations(app, readiness, vote_api_document(name))
    app.ctx.unread = UnreadAnswers(_UNREAD_MAX)
    sink = BallotMemory(sink, polls)
    state = app.ctx.route_state = RouteState(route, sink, polls)

    @app.post("/votes")
    async def votes(request: Request) -> HTTPResponse:
        start = time.perf_counter()
        headers = request.headers
        if is_form(headers.get("content-type")):
            return to_response(await take_form(request, start))
        check_media_type(headers.get("content-type"))
        check_content_coding(headers.get("content-encoding"))
        vote = read_json_vote(request.body, headers.get(KEY_HEADER), route, sink.new_id, polls)
        return to_response(await take(request, vote, start))

    async def take_form(request: Request, start: float) -> HttpAnswer:
        headers = request.headers
        fields: dict[str, str] = {}
        try:
            check_sender(headers)
            check_content_coding(headers.get("content-encoding"))
            fields = read_fields(request.body)
            vote = read_form_vote(fields, route, sink.new_id, polls)
            await take(request, vote, start)
        except Exception as error:  # noqa: BLE001 - an unexpected error is logged and answered, too
            problem = problem_of(request.method, request.path, error)
            language = language_of(fields, headers.get("accept-language"))
            return refusal_page(problem, fields, language)
        return redirect_to_page(vote, language_of(fields, headers.get("accept-language")))

    async def take(request: Request, vote: Vote, start: float) -> HttpAnswer:
        def on_unanswered(error: BaseException | None) -> None:
            if not hasattr(request.ctx, "answered"):
                state.count_unanswered(time.perf_counter() - start, error)

        request.ctx.cast = True
        answer = await answer_vote(vote, _traceparent_of(request), sink, polls, on_unanswered)
        seconds = time.perf_counter() - start
        state.count_accepted(seconds)
        if traceparent := getattr(request.ctx, "traceparent", None):
            state.give_example(seconds, trace_id_of(traceparent))
        return answer

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        if request.path == "/votes":
            request.ctx.answered = True
            response.headers[ROUTE_HEADER] = route
            if response.status not in _ACCEPTED:
                state.count_refused(response.status)

    app.register_middleware(finish, "response")

    def client_left(request: Request) -> None:
        cast_or_answered = {"cast", "answered"} & vars(request.ctx).keys()
        if request.path == "/votes" and not cast_or_answered:
            state.count_refused(CLIENT_LEFT)

    app.ctx.client_left = client_left

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()
        state.closing = True

    return app


def _traceparent_of(request: Request) -> str | None:
    """Return what goes with a vote: the span of its request, or what its client sent."""
    if hasattr(request.ctx, "traceparent"):
        own: str | None = request.ctx.traceparent
        return own
    return if_sampled(read_traceparent(request.headers.get(TRACE_HEADER)))
