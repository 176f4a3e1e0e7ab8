"""The OpenAPI document of the vote endpoint, identical on both routes."""

from typing import Any, Final

from voting.domain.headers import ROUTE_HEADER
from voting.domain.vote import Route
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE, Problem
from voting.http.schemas import REFERENCE, answer_schemas, request_schemas, sparse_answer_schemas
from voting.pages.languages import LANGUAGES
from voting.route.form_post import FORM_MAX, FORM_TYPE
from voting.route.vote_api import KEY_HEADER, Accepted
from voting.route.vote_form import PollVoteForm, VoteForm

_SCHEMAS: Final = request_schemas(VoteForm, PollVoteForm)
_VOTE, _POLL_VOTE = _SCHEMAS["VoteForm"], _SCHEMAS["PollVoteForm"]
_VOTE["example"] = {name: _VOTE["properties"][name]["examples"][0] for name in _VOTE["required"]}
_POLL_VOTE["example"] = {
    name: _POLL_VOTE["properties"][name]["examples"][0] for name in ("poll", "entry", "rank")
}


def _as_text(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a vote's field in a form, where everything is text."""
    kinds = field.get("anyOf", [field])
    [text] = [kind for kind in kinds if kind.get("type") == "string"]
    rules = {**field, **text}
    return {"type": "string"} | {key: rules[key] for key in ("pattern", "format") if key in rules}


def _as_form(vote: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the form with the fields of a vote."""
    return {
        "type": "object",
        "description": (
            "The page's form, for browsers that do not run its script: the same fields, each "
            "exactly once. Refused if a browser sends it from another site. Responses are HTML "
            "pages."
        ),
        "required": vote["required"],
        "additionalProperties": False,
        "properties": {
            **{name: _as_text(field) for name, field in vote["properties"].items()},
            "form": {
                "type": "string",
                "format": "uuid",
                "description": (
                    "A random UUID for this form. If no id is given, it is derived from this UUID "
                    "and the content, so the same form with the same content counts once."
                ),
            },
            "lang": {
                "type": "string",
                "enum": list(LANGUAGES),
                "description": "The voter's language.",
            },
        },
    }


_REFUSALS = {
    "400": "The body does not match its content type.",
    "401": "The poll needs a voter's token, and this is none, or not a valid one.",
    "403": "The voter's token is for other polls, or the form was sent from another site.",
    "404": "There is no such poll.",
    "408": "The request did not arrive in time.",
    "409": "The poll is not open yet, or closed, or the voter has voted; `type` says which.",
    "413": f"The body is larger than 4 KiB, or {FORM_MAX // 1024} KiB as a form.",
    "415": "The content type is not one of the two supported, or the body is compressed.",
    "422": (
        "The body is not a valid vote; `field` names the invalid field, if there is one. Or `type` "
        "says that the list of albums is full, or that the poll has no such entry."
    ),
    "431": "The headers are larger than 16 KiB.",
}


def _problem(description: str) -> dict[str, Any]:
    schema = _reference(Problem)
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


def _reference(type_: type) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=type_.__name__)}


def vote_api_document(service: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a route's service."""
    by_route = {ROUTE_HEADER.title(): {"schema": {"type": "string", "enum": list(Route)}}}
    accepted = {
        "description": "Kafka has acknowledged the vote; it counts exactly once.",
        "headers": by_route,
        "content": {JSON_TYPE: {"schema": _reference(Accepted)}},
    }
    taken = {
        "description": "The form's vote was accepted: `Location` is the page that confirms it.",
        "headers": {"Location": {"schema": {"type": "string"}}, **by_route},
    }
    unavailable = _problem(
        "The vote cannot be accepted right now. Retry with the `id` in the response."
    )
    unavailable["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    key = {
        "name": KEY_HEADER.title(),
        "in": "header",
        "description": "The vote's id, instead of `id` in the body or equal to it.",
        "schema": {"type": "string", "format": "uuid"},
    }
    operation = {
        "summary": "Cast a vote",
        "operationId": "castVote",
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": {"oneOf": [_reference(VoteForm), _reference(PollVoteForm)]}},
                FORM_TYPE: {"schema": {"oneOf": [_as_form(_VOTE), _as_form(_POLL_VOTE)]}},
            },
        },
        "responses": {
            "202": accepted,
            "303": taken,
            **{status: _problem(text) for status, text in _REFUSALS.items()},
            "503": unavailable,
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1.0.0"},
        "paths": {"/votes": {"post": operation}},
        "components": {
            "schemas": {
                **_SCHEMAS,
                **answer_schemas(Accepted),
                **sparse_answer_schemas(Problem),
            }
        },
    }
