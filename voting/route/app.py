"""The app of a route: `POST /votes` in front of a `VoteSink`. Both routes are this app."""

import time
from http import HTTPStatus
from typing import Any, Final

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from voting.casting.sink import VoteSink
from voting.domain.vote import Route, Vote
from voting.http.app import add_operations, new_app, problem_of, say_goodbye, to_response
from voting.http.problem import Answer
from voting.pages.form_page import refusal_page
from voting.route.form_post import (
    FORM_MAX,
    check_sender,
    is_form,
    language_of,
    read_fields,
    read_form_vote,
    thanks,
)
from voting.route.openapi import vote_api_document
from voting.route.route_state import CLIENT_LEFT, VoteDesk
from voting.route.vote_api import (
    KEY_HEADER,
    ROUTE_HEADER,
    TRACE_HEADER,
    answer_vote,
    check_content_coding,
    check_media_type,
    read_traceparent,
    read_vote,
)
from voting.service.lifecycle import Readiness

# A vote sent as a form is answered with the way to the page.
_TAKEN: Final = {HTTPStatus.ACCEPTED, HTTPStatus.SEE_OTHER}


def route_app(name: str, route: Route, sink: VoteSink, readiness: Readiness) -> Sanic[Any, Any]:
    """Return the app that takes votes on `route` and puts them into `sink`."""
    app = new_app(name)
    app.config.REQUEST_MAX_SIZE = FORM_MAX  # JSON has a bound of its own
    add_operations(app, readiness, vote_api_document(name))
    desk = app.ctx.vote_desk = VoteDesk(route, sink)

    @app.post("/votes")
    async def votes(request: Request) -> HTTPResponse:
        start = time.perf_counter()
        headers = request.headers
        if is_form(headers.get("content-type")):
            return to_response(await take_form(request, start))
        check_media_type(headers.get("content-type"))
        check_content_coding(headers.get("content-encoding"))
        vote = read_vote(request.body, headers.get(KEY_HEADER), route, sink.new_id)
        return to_response(await take(request, vote, start))

    async def take_form(request: Request, start: float) -> Answer:
        headers = request.headers
        fields: dict[str, str] = {}
        try:
            check_sender(headers)
            check_content_coding(headers.get("content-encoding"))
            fields = read_fields(request.body)
            vote = read_form_vote(fields, route, sink.new_id)
            await take(request, vote, start)
        except Exception as error:  # noqa: BLE001 - an unexpected one is logged and answered, too
            problem = problem_of(request.method, request.path, error)
            language = language_of(fields, headers.get("accept-language"))
            return refusal_page(problem, fields, language)
        return thanks(vote, language_of(fields, headers.get("accept-language")))

    async def take(request: Request, vote: Vote, start: float) -> Answer:
        def unheard(error: BaseException | None) -> None:
            if not hasattr(request.ctx, "answered"):
                desk.count_unheard(time.perf_counter() - start, error)

        request.ctx.cast = True
        traceparent = read_traceparent(request.headers.get(TRACE_HEADER))
        answer = await answer_vote(vote, traceparent, sink, unheard)
        desk.count_accepted(time.perf_counter() - start)
        return answer

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        say_goodbye(request)
        if request.path == "/votes":
            request.ctx.answered = True
            response.headers[ROUTE_HEADER] = route
            if response.status not in _TAKEN:
                desk.count_refused(response.status)

    app.register_middleware(finish, "response")

    def client_left(request: Request) -> None:
        under_way_or_answered = {"cast", "answered"} & vars(request.ctx).keys()
        if request.path == "/votes" and not under_way_or_answered:
            desk.count_refused(CLIENT_LEFT)

    app.ctx.client_left = client_left

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()
        desk.closing = True

    return app
