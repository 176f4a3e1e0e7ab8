"""The OpenAPI document of the vote endpoint, identical on both routes."""

from typing import Any

from voting.domain.vote import (
    MARKS_MAX,
    NO_IDS,
    RANK_MAX,
    RANK_MIN,
    TEXT_MAX,
    TOO_MANY_ALBUMS,
    YEAR_MAX,
    YEAR_MIN,
)
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE
from voting.pages.languages import LANGUAGES
from voting.route.form_post import FORM_MAX, FORM_TYPE
from voting.route.vote_api import KEY_HEADER, ROUTE_HEADER
from voting.route.vote_form import RANK_DIGITS, YEAR_DIGITS

_TEXT = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
_TEXT_RULE = (
    f"1 to {TEXT_MAX} characters after it was trimmed, put into Unicode NFC and freed from what "
    "nobody sees (default-ignorable and bidi control characters, but those that shape emoji or "
    "letters). At least one must be visible; control characters and line breaks are refused, and "
    f"so are more than {MARKS_MAX} combining marks in a row."
)


def _number(description: str, low: int, high: int, digits: str) -> dict[str, Any]:
    return {
        "description": f"{description}, as a number or as its decimal digits in a string.",
        "anyOf": [
            {"type": "integer", "minimum": low, "maximum": high},
            {"type": "string", "pattern": f"^{digits}$"},
        ],
    }


_VOTE = {
    "type": "object",
    "required": ["name", "album", "year", "rank"],
    "additionalProperties": False,
    "properties": {
        "name": {**_TEXT, "description": f"Who made the album. {_TEXT_RULE}"},
        "album": {**_TEXT, "description": f"The album's title. {_TEXT_RULE}"},
        "year": _number("The year of release", YEAR_MIN, YEAR_MAX, YEAR_DIGITS),
        "rank": _number("The rating", RANK_MIN, RANK_MAX, RANK_DIGITS),
        "id": {
            "type": ["string", "null"],
            "format": "uuid",
            "not": {"enum": sorted(NO_IDS)},
            "description": (
                "Makes a retry safe: a vote counts once per id, with the content that was first "
                "sent with it. So take a random UUID that nobody can guess. Made when absent or "
                "null. The nil and the max UUID are refused."
            ),
        },
    },
    "example": {
        "name": "Pink Floyd",
        "album": "The Dark Side of the Moon",
        "year": 1973,
        "rank": 29,
    },
}

_FORM = {
    "type": "object",
    "description": (
        "The page's form, for browsers without its script: the same fields, each once. Refused "
        "when a browser sends it from another site's page. Answers are pages for people."
    ),
    "required": _VOTE["required"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "album": {"type": "string"},
        "year": {"type": "string", "pattern": f"^{YEAR_DIGITS}$"},
        "rank": {"type": "string", "pattern": f"^{RANK_DIGITS}$"},
        "id": {"type": "string", "format": "uuid", "description": "As in JSON."},
        "form": {
            "type": "string",
            "format": "uuid",
            "description": (
                "A random UUID of this form, from which, with the content, the id is made if none "
                "is given: the same form with the same content counts once."
            ),
        },
        "lang": {"type": "string", "enum": list(LANGUAGES), "description": "The voter's language."},
    },
}

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "default": "about:blank",
            "description": f"`{TOO_MANY_ALBUMS}`: only albums that have votes are taken.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "The field at fault."},
        "id": {"type": "string", "description": "The id to retry the vote with."},
    },
}

_REFUSALS = {
    "400": "The body is not of its content type.",
    "403": "The form was sent from a page of another site.",
    "408": "The request did not come to its end in time.",
    "413": f"The body is larger than 4 KiB, or {FORM_MAX // 1024} KiB as a form.",
    "415": "The content type is neither of the two, or the body is compressed.",
    "422": (
        "The body is no vote; `field` names the field at fault, if it is one. Or `type` says that "
        "there are too many albums for another one."
    ),
    "431": "The headers are larger than 16 KiB.",
}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


def vote_api_document(service: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a route's service."""
    by_route = {ROUTE_HEADER.title(): {"schema": {"type": "string", "enum": ["grpc", "http"]}}}
    accepted = {
        "description": "Kafka has acknowledged the vote; it counts exactly once.",
        "headers": by_route,
        "content": {
            JSON_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"id": {"type": "string", "format": "uuid"}},
                }
            }
        },
    }
    taken = {
        "description": "The same for a form: `Location` is the page that says so.",
        "headers": {"Location": {"schema": {"type": "string"}}, **by_route},
    }
    unavailable = _problem("The vote cannot be taken now. Retry with the `id` in the answer.")
    unavailable["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    key = {
        "name": KEY_HEADER.title(),
        "in": "header",
        "description": "The vote's id, in place of `id` in the body or the same as it.",
        "schema": {"type": "string", "format": "uuid"},
    }
    operation = {
        "summary": "Cast a vote",
        "operationId": "castVote",
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": _VOTE}, FORM_TYPE: {"schema": _FORM}},
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
        "components": {"schemas": {"Problem": PROBLEM_SCHEMA}},
    }
