"""The app of a route: `POST /votes` in front of a `VoteSink`. Both routes are this app."""

import time
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from voting.http_app import add_operations, new_app, say_goodbye, to_response
from voting.lifecycle import Readiness
from voting.openapi import vote_api_document
from voting.vote import Route
from voting.vote_api import (
    KEY_HEADER,
    ROUTE_HEADER,
    TRACE_HEADER,
    answer_vote,
    check_content_coding,
    check_media_type,
    read_traceparent,
    read_vote,
)
from voting.vote_desk import CLIENT_LEFT, VoteDesk
from voting.vote_sink import VoteSink


def route_app(name: str, route: Route, sink: VoteSink, readiness: Readiness) -> Sanic[Any, Any]:
    """Return the app that takes votes on `route` and puts them into `sink`."""
    app = new_app(name)
    add_operations(app, readiness, vote_api_document(name))
    desk = app.ctx.vote_desk = VoteDesk(route, sink)

    @app.post("/votes")
    async def votes(request: Request) -> HTTPResponse:
        start = time.perf_counter()
        headers = request.headers
        check_media_type(headers.get("content-type"))
        check_content_coding(headers.get("content-encoding"))
        vote = read_vote(request.body, headers.get(KEY_HEADER), route, sink.new_id)

        def unheard(error: BaseException | None) -> None:
            if not hasattr(request.ctx, "answered"):
                desk.count_unheard(time.perf_counter() - start, error)

        request.ctx.cast = True
        traceparent = read_traceparent(headers.get(TRACE_HEADER))
        answer = await answer_vote(vote, traceparent, sink, unheard)
        desk.count_accepted(time.perf_counter() - start)
        return to_response(answer)

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        say_goodbye(request)
        if request.path == "/votes":
            request.ctx.answered = True
            response.headers[ROUTE_HEADER] = route
            if response.status != 202:
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
