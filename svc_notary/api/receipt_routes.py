"""The endpoints of receipts: JSON for programs, a page for voters."""

from http import HTTPStatus
from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic

from svc_notary.page.receipt_page import PAGES, STATIC_FOLDER, render_no_receipt, render_receipt
from svc_notary.receipts.receipts import Receipts
from voting.domain.short_id import read_short_id
from voting.domain.vote import InvalidVoteError, clean_new_id
from voting.http.problem import JSON_TYPE, ProblemError
from voting.pages.languages import choose_language
from voting.pages.static_files import StaticFiles


def add_receipts(app: Sanic[Any, Any], receipts: Receipts) -> None:
    """Add the endpoints to the app."""
    files = StaticFiles(STATIC_FOLDER, PAGES)

    @app.get("/api/receipts/<vote_id:str>")
    async def receipt(_: Request, vote_id: str) -> HTTPResponse:
        body = msgspec.json.encode(await receipts.find(_read_id(vote_id)))
        return HTTPResponse(body, content_type=JSON_TYPE)

    @app.get(f"{PAGES}/<vote_id:str>")
    async def page(request: Request, vote_id: str) -> HTTPResponse:
        asked = request.args.get("lang")
        language = choose_language(request.headers.get("accept-language"), asked)
        status, headers = HTTPStatus.OK, {"content-language": language, "vary": "accept-language"}
        try:
            html = render_receipt(language, await receipts.find(_read_id(vote_id)), files.root)
        except ProblemError as error:
            status = HTTPStatus(error.problem.status)
            html = render_no_receipt(language, status, files.root)
            headers.update(error.headers)
        return HTTPResponse(html, status, headers, content_type="text/html; charset=utf-8")

    @app.get(f"{PAGES}/static/<version:str>/<name:str>")
    async def static(request: Request, version: str, name: str) -> HTTPResponse:
        return files.answer(request, version, name)


def _read_id(text: str) -> str:
    try:
        return read_short_id(text) or clean_new_id(text)
    except InvalidVoteError as error:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field=error.field
        ) from error
