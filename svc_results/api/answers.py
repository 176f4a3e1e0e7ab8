"""Answers that every path of the service makes in the same way."""

import gzip
from http import HTTPStatus

import msgspec
from sanic import HTTPResponse, Request

from voting.http.problem import JSON_TYPE, ProblemError
from voting.pages.languages import Language
from voting.pages.static_files import accepts_gzip


def json_answer(body: msgspec.Struct) -> HTTPResponse:
    """Return a struct as an answer that nobody may keep."""
    return HTTPResponse(
        msgspec.json.encode(body), headers={"cache-control": "no-store"}, content_type=JSON_TYPE
    )


def html_answer(
    request: Request, html: str, language: Language, status: HTTPStatus = HTTPStatus.OK
) -> HTTPResponse:
    """Return a page in this language, compressed if the client accepts that."""
    body = html.encode()
    headers = {
        "cache-control": "no-store",
        "content-language": language,
        "vary": "accept-language, accept-encoding",
    }
    if accepts_gzip(request):
        body = gzip.compress(body, compresslevel=5)
        headers["content-encoding"] = "gzip"
    return HTTPResponse(body, status, headers, content_type="text/html; charset=utf-8")


def unavailable(detail: str) -> ProblemError:
    """Return the problem of what cannot be answered now and can be later."""
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": "1"})
