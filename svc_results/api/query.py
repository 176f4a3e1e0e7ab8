"""Reads and checks query parameters; a problem names an invalid one."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from sanic import Request

from svc_results.api.album_pages import decode_position
from svc_results.result.cursor import decode_cursor
from svc_results.result.ranking import Position
from voting.domain.bounded_number import read_number
from voting.domain.vote import InvalidVoteError, clean_new_id
from voting.http.problem import ProblemError
from voting.pages.languages import Language, choose_language
from voting.stores.logged_vote import Cursor

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 200


def read_limit(request: Request) -> int:
    """Return the parameter `limit`, 1 to `LIMIT_MAX`."""
    try:
        return read_number(request.args.get("limit", str(LIMIT_DEFAULT)), 1, LIMIT_MAX)
    except ValueError as error:
        raise _wrong("limit", f"must be a whole number from 1 to {LIMIT_MAX}") from error


def read_after(request: Request) -> Cursor | None:
    """Return the parameter `after` of a page of votes: where the previous page ended."""
    return _read_after(request, decode_cursor)


def read_position(request: Request) -> Position | None:
    """Return the parameter `after` of a page of albums."""
    return _read_after(request, decode_position)


def _read_after[T](request: Request, decode: Callable[[str], T]) -> T | None:
    text = request.args.get("after")
    if text is None:
        return None
    try:
        return decode(text)
    except ValueError as error:
        raise _wrong("after", "must be the `next` value of an earlier response") from error


def read_voted(request: Request) -> str | None:
    """Return the parameter `voted`: the id of an accepted form's vote, or None if invalid."""
    try:
        return clean_new_id(request.args.get("voted", ""))
    except InvalidVoteError:
        return None


def read_id(text: str) -> str:
    """Return the id in a path in canonical form, or raise `ProblemError`."""
    try:
        return clean_new_id(text)
    except InvalidVoteError as error:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field=error.field
        ) from error


def read_language(request: Request) -> Language:
    """Return the language in the parameter `lang`, else the browser's preferred one."""
    return choose_language(request.headers.get("accept-language"), request.args.get("lang"))


def read_transparent(request: Request) -> bool:
    """Whether the parameter `background` asks for none."""
    return bool(request.args.get("background") == "transparent")


def _wrong(parameter: str, reason: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{parameter}: {reason}", field=parameter)
