"""The app of svc_notary."""

from pathlib import Path
from typing import Any, Final

from sanic import Request, Sanic
from sanic.response import BaseHTTPResponse

from svc_notary.api.openapi import receipts_document
from svc_notary.api.receipt_routes import add_receipts
from svc_notary.api.tree_files import add_tree_files
from svc_notary.receipts.receipts import Receipts
from voting.http.app import add_operations, close_if_stopping, new_app
from voting.pages.browser_headers import page_headers
from voting.service.lifecycle import Readiness

NAME: Final = "svc_notary"
_HEADERS: Final = {**page_headers(), "cache-control": "no-store"}


def notary_app(receipts: Receipts, folder: Path, readiness: Readiness) -> Sanic[Any, Any]:
    """Return the app that gives receipts and serves the trees in `folder`."""
    app = new_app(NAME)
    add_operations(app, readiness, receipts_document())
    add_receipts(app, receipts)
    add_tree_files(app, folder)

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)

    app.register_middleware(finish, "response")

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()

    return app
