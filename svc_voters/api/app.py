"""The app that gives voters their tokens."""

from http import HTTPStatus
from typing import Any, Final

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from svc_voters.api.forms import BODY_MAX
from svc_voters.api.metrics import REFUSED
from svc_voters.api.openapi import tokens_document
from svc_voters.api.tokens import TokensApi
from voting.http.app import add_operations, close_if_stopping, new_app
from voting.service.lifecycle import Readiness

NAME: Final = "svc_voters"
_PATH: Final = "/voters/"


def voters_app(api: TokensApi, readiness: Readiness) -> Sanic[Any, Any]:
    """Return the app."""
    app = new_app(NAME)
    app.config.REQUEST_MAX_SIZE = BODY_MAX
    add_operations(app, readiness, tokens_document())
    app.add_route(api.ways, "/voters/<poll:str>", methods=["GET"])
    app.add_route(api.issue, "/voters/<poll:str>", methods=["POST"])

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        response.headers.setdefault("cache-control", "no-store")
        if request.path.startswith(_PATH) and response.status >= HTTPStatus.BAD_REQUEST:
            REFUSED.labels(response.status).inc()

    app.register_middleware(finish, "response")

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()

    return app
