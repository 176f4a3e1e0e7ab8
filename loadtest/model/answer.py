"""What came back for a vote, and whether the vote counts according to it."""

from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import msgspec

from voting.domain.headers import ROUTE_HEADER
from voting.domain.vote import Route

NO_ANSWER: Final = 0


class Outcome(IntEnum):
    """What an answer promises.

    `ACCEPTED`: the vote counts, exactly once. `REFUSED`: it does not count. `UNKNOWN`: after a
    time-out, a broken connection or a 5xx it may count, once at most.
    """

    ACCEPTED = 0
    REFUSED = 1
    UNKNOWN = 2


class Answer(msgspec.Struct, frozen=True):
    """One answer to a vote, or its absence.

    `status` is the HTTP status, 0 without an answer; `kind` a short text to group by, empty for an
    accepted vote; `route` the route that answered and `id` the vote's id, each None when the answer
    does not name it.
    """

    status: int
    outcome: Outcome
    kind: str
    route: Route | None
    id: UUID | None


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return what an HTTP answer means."""
    document = _json_object(body)
    route = _route(headers.get(ROUTE_HEADER))
    vote_id = _uuid(document.get("id"))
    if status == HTTPStatus.ACCEPTED:
        if vote_id is None:
            return Answer(status, Outcome.UNKNOWN, "202 without an id", route, None)
        return Answer(status, Outcome.ACCEPTED, "", route, vote_id)
    title = document.get("title")
    kind = f"{status} {title if isinstance(title, str) else _reason(status)}".strip()
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Answer(status, Outcome.REFUSED if refused else Outcome.UNKNOWN, kind, route, vote_id)


def no_answer(error: BaseException) -> Answer:
    """Return what the failure of a request means: the vote may have arrived anyway."""
    kind = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
    return Answer(NO_ANSWER, Outcome.UNKNOWN, kind, None, None)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:  # a proxy's own error page
        return {}


def _route(text: str | None) -> Route | None:
    return Route(text) if text in set(Route) else None


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
