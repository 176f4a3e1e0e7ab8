"""The OpenAPI document of svc_voters."""

from typing import Any, Final

from svc_voters.api.forms import BODY_MAX, CodeForm, IdentityForm, Issued, OpenForm, PollWays
from voting.domain.vote import SLUG_RULE
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE, Problem
from voting.http.schemas import REFERENCE, answer_schemas, request_schemas, sparse_answer_schemas

_PROBLEMS: Final = {
    "400": "The body is not JSON.",
    "401": "The proof of work, the code or the login's token is missing or not valid.",
    "403": "The poll gives out no tokens in this way, has no such class of voters, or the tokens "
    "were taken back; `type` says which.",
    "404": "There is no such poll.",
    "408": "The request did not arrive in time.",
    "409": "The poll is closed.",
    "413": f"The body is larger than {BODY_MAX // 1024} KiB.",
    "415": "The content type is not application/json, or the body is compressed.",
    "422": "The body does not ask for a token; `field` names what is wrong, if it is one field.",
    "429": "This network asks too often, or has sent too many wrong codes.",
    "431": "The headers are larger than 16 KiB.",
    "503": "The polls, the key of the tokens or the login's keys are not known right now.",
}
_POLL: Final = {
    "name": "poll",
    "in": "path",
    "required": True,
    "description": f"Id of the poll; {SLUG_RULE}.",
    "schema": {"type": "string"},
}
_WAITS: Final = {"429", "503"}


def tokens_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    schemas = {
        **request_schemas(OpenForm, CodeForm, IdentityForm),
        **answer_schemas(PollWays, Issued),
        **sparse_answer_schemas(Problem),
    }
    for of_votes in ("id", "opens_at", "voted_at"):
        del schemas["Problem"]["properties"][of_votes]
    return {
        "openapi": "3.1.0",
        "info": {"title": "svc_voters", "version": "1.0.0"},
        "paths": {"/voters/{poll}": {"parameters": [_POLL], "get": _ways(), "post": _issue()}},
        "components": {"schemas": schemas},
    }


def _ways() -> dict[str, Any]:
    return {
        "summary": "How to get a token for a poll",
        "operationId": "showWays",
        "responses": {
            "200": _good("The ways, and a challenge where one must be solved.", PollWays),
            **_problems("404", "409", "431", "503"),
        },
    }


def _issue() -> dict[str, Any]:
    forms = [_reference(form) for form in (OpenForm, CodeForm, IdentityForm)]
    good = _good("The token; who asks again gets the same one.", Issued)
    good["headers"] = {
        "Set-Cookie": {
            "description": "By which a browser that came in by `open` is known again.",
            "schema": {"type": "string"},
        }
    }
    return {
        "summary": "Get a token",
        "operationId": "issueToken",
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": {"oneOf": forms, "discriminator": {"propertyName": "way"}}}
            },
        },
        "responses": {"200": good, **_problems(*_PROBLEMS)},
    }


def _reference(type_: type) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=type_.__name__)}


def _good(description: str, type_: type) -> dict[str, Any]:
    return {"description": description, "content": {JSON_TYPE: {"schema": _reference(type_)}}}


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: _problem(status) for status in statuses}


def _problem(status: str) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {PROBLEM_TYPE: {"schema": _reference(Problem)}},
    }
    if status in _WAITS:
        problem["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return problem
