"""The app that serves the organisers' API and the console."""

from functools import partial
from typing import Any, Final

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from svc_polls.api.console import ConsoleApi
from svc_polls.api.openapi import polls_document
from svc_polls.api.polls import PollsApi
from svc_polls.api.publishing import PublishingApi
from svc_polls.api.requests import BODY_MAX
from svc_polls.api.rulings import RulingsApi
from svc_polls.page.console_page import STATIC_FOLDER, render_console
from voting.http.app import add_operations, close_if_stopping, new_app
from voting.pages.browser_headers import page_headers
from voting.pages.languages import choose_language
from voting.pages.static_files import StaticFiles
from voting.service.lifecycle import Readiness

NAME: Final = "svc_polls"
CONNECTIONS_MAX: Final = 200

_HEADERS: Final = page_headers("form-action 'none'", "trusted-types 'none'")


def polls_app(
    api: PollsApi,
    rulings: RulingsApi,
    publishing: PublishingApi,
    console: ConsoleApi,
    readiness: Readiness,
) -> Sanic[Any, Any]:
    """Return the app that serves the API and the console."""
    app = new_app(NAME)
    app.config.REQUEST_MAX_SIZE = BODY_MAX
    app.ctx.connection_limit.limit = CONNECTIONS_MAX
    add_operations(app, readiness, polls_document())
    files = StaticFiles(STATIC_FOLDER)

    @app.get("/")
    async def page(request: Request) -> HTTPResponse:
        language = choose_language(request.headers.get("accept-language"), request.args.get("lang"))
        headers = {"content-language": language, "vary": "accept-language"}
        body = render_console(language, files.root)
        return HTTPResponse(body, headers=headers, content_type="text/html; charset=utf-8")

    @app.get("/static/<version:str>/<name:str>")
    async def static(request: Request, version: str, name: str) -> HTTPResponse:
        return files.answer(request, version, name)

    app.add_route(console.me, "/api/me", methods=["GET"])
    app.add_route(console.system, "/api/system", methods=["GET"])
    app.add_route(api.list, "/api/polls", methods=["GET"])
    app.add_route(api.show, "/api/polls/<poll:str>", methods=["GET"])
    app.add_route(api.history, "/api/polls/<poll:str>/history", methods=["GET"])
    for path, look in (
        ("publication", publishing.publication),
        ("evidence", publishing.evidence),
        ("evidence/<partition:str>", publishing.partition),
        ("rulings/<number:str>", rulings.ruling),
    ):
        app.add_route(partial(look), f"/api/polls/<poll:str>/{path}", name=look.__name__)
    for path, method, handler in (
        ("", "PUT", api.define),
        ("/open", "POST", api.open),
        ("/close", "POST", api.close),
        ("/publish", "POST", publishing.publish),
        ("/release", "POST", api.release),
        ("/revoke", "POST", api.revoke),
        ("/rulings", "POST", rulings.propose),
        ("/rulings/<number:str>/approve", "POST", rulings.approve),
        ("/rulings/<number:str>/refuse", "POST", rulings.refuse),
        ("/copy", "POST", api.copy),
    ):
        # `stream`: the handlers read the body themselves, after authentication. Sanic
        # marks a handler that does, which it cannot with a method.
        app.add_route(
            partial(handler),
            f"/api/polls/<poll:str>{path}",
            methods=[method],
            name=handler.__name__,
            stream=True,
        )

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        response.headers.setdefault("cache-control", "no-store")
        response.headers.update(_HEADERS)

    app.register_middleware(finish, "response")

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await console.stop()

    return app
