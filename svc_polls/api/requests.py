"""Reads requests: who asks, which page, on what condition, and the body."""

import re
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from sanic import Request
from sanic.http import Http

from svc_polls.api.forms import InvalidFormError, fault_of
from svc_polls.tokens import Organiser, Organisers, Role
from voting.domain.bounded_number import read_number
from voting.domain.vote import SLUG_RULE, is_slug
from voting.http.connection import Exchange
from voting.http.problem import JSON_TYPE, ProblemError

# The largest definition takes 860 kB in UTF-8.
BODY_MAX: Final = 1 << 20
LIMIT_DEFAULT, LIMIT_MAX = 100, 500
# More events than there will ever be.
_NUMBER_MAX: Final = 10**12
_BEARER: Final = re.compile(r"bearer +(\S+) *", re.IGNORECASE | re.ASCII)
_TAG: Final = re.compile(r'"(\d+)"|(\d+)', re.ASCII)


class Condition(NamedTuple):
    """What must hold of a poll: the number of its last event, 0 for none; None for any."""

    expected: int | None
    exists: bool = False  # there must be such a poll, in whichever state


def authenticate(request: Request, organisers: Organisers, role: Role | None) -> Organiser:
    """Return who asks; raise `ProblemError` unless that is an organiser who has the role.

    It does so before the body is read; the body of a refused request never is.
    """
    given = _BEARER.fullmatch(request.headers.get("authorization", ""))
    organiser = organisers.with_token(given[1]) if given else None
    if organiser is None:
        leave_body(request)
        detail = "the token is not an organiser's" if given else "a bearer token is missing"
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED, detail, headers={"www-authenticate": 'Bearer realm="polls"'}
        )
    if role is not None and role not in organiser.roles:
        leave_body(request)
        raise ProblemError(HTTPStatus.FORBIDDEN, f"{organiser.name} is no {role}")
    return organiser


def leave_body(request: Request) -> None:
    """Read no more of the body, and close the connection after the answer."""
    if isinstance(request.stream, Exchange) and request.stream.request_body:
        request.stream.leave_body()


async def read_form[T](request: Request, form: type[T], *, optional: bool = False) -> T:
    """Return the JSON in the body; an `optional` one may be empty. Raises `ProblemError`."""
    body = await _read_body(request)
    if optional and not body:
        body = b"{}"
    else:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != JSON_TYPE:
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {JSON_TYPE}")
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise invalid(fault_of(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from error


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    stream = request.stream
    if not isinstance(stream, Http):
        return b""
    while stream.request_body and (piece := await stream.read()):
        body += piece
        if len(body) > BODY_MAX:
            leave_body(request)
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {BODY_MAX} bytes"
            )
    return bytes(body)


def invalid(error: InvalidFormError) -> ProblemError:
    """Return the problem of a form that breaks a rule."""
    field = error.field or None
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field=field)


def check_poll_id(poll: str, field: str = "id") -> str:
    """Return a poll's id; raise `ProblemError` when no poll can have it."""
    if not is_slug(poll):
        raise _wrong(field, SLUG_RULE)
    return poll


def read_limit(request: Request) -> int:
    """Return the parameter `limit`, 1 to `LIMIT_MAX`."""
    try:
        return read_number(request.args.get("limit", str(LIMIT_DEFAULT)), 1, LIMIT_MAX)
    except ValueError as error:
        raise _wrong("limit", f"must be a whole number from 1 to {LIMIT_MAX}") from error


def read_flag(request: Request, name: str, *, default: bool) -> bool:
    """Return a parameter that is `true` or `false`."""
    given = request.args.get(name)
    if given is None:
        return default
    if given not in ("true", "false"):
        raise _wrong(name, "must be true or false")
    return bool(given == "true")


def read_after_poll(request: Request) -> str:
    """Return the parameter `after` of a list of polls: the last id of the page before, or ""."""
    after: str = request.args.get("after", "")
    if after and not is_slug(after):
        raise _wrong("after", "must be the `next` value of an earlier response")
    return after


def read_after_event(request: Request) -> int:
    """Return the parameter `after` of a history: the last number of the page before, or 0."""
    try:
        return read_number(request.args.get("after", "0"), 0, _NUMBER_MAX)
    except ValueError as error:
        raise _wrong("after", "must be the `next` value of an earlier response") from error


def read_condition(request: Request) -> Condition | None:
    """Return the condition in `If-Match` or `If-None-Match`; None when there is neither."""
    matches = request.headers.getall("if-match", [])
    none_matches = request.headers.getall("if-none-match", [])
    if not matches and not none_matches:
        return None
    if len(matches) + len(none_matches) > 1:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "send one of If-Match and If-None-Match, once")
    if none_matches:
        if none_matches[0].strip() != "*":
            raise ProblemError(HTTPStatus.BAD_REQUEST, "If-None-Match must be *")
        return Condition(0)
    if matches[0].strip() == "*":
        return Condition(None, exists=True)
    tag = _TAG.fullmatch(matches[0].strip())
    try:
        return Condition(read_number((tag[1] or tag[2]) if tag else "", 1, _NUMBER_MAX))
    except ValueError as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "If-Match must be the number of the poll's last event, or *"
        ) from error


def _wrong(parameter: str, reason: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{parameter}: {reason}", field=parameter)
