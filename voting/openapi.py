"""The OpenAPI document of the vote endpoint, the same on both routes."""

from typing import Any

from voting.problem import JSON_TYPE, PROBLEM_TYPE
from voting.vote import RANK_MAX, RANK_MIN, TEXT_MAX, YEAR_MAX, YEAR_MIN

_TEXT = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}

_VOTE = {
    "type": "object",
    "required": ["name", "album", "year", "rank"],
    "additionalProperties": False,
    "properties": {
        "name": {**_TEXT, "description": "Who made the album."},
        "album": {**_TEXT, "description": "The album's title."},
        "year": {
            "description": "The year of release, as a number or a decimal string.",
            "anyOf": [
                {"type": "integer", "minimum": YEAR_MIN, "maximum": YEAR_MAX},
                {"type": "string", "pattern": r"^\d{4}$"},
            ],
        },
        "rank": {
            "description": "The rating, as a number or a decimal string.",
            "anyOf": [
                {"type": "integer", "minimum": RANK_MIN, "maximum": RANK_MAX},
                {"type": "string", "pattern": r"^\d{1,3}$"},
            ],
        },
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "Makes a retry safe: a vote counts once per id. Made when absent.",
        },
    },
    "example": {
        "name": "Pink Floyd",
        "album": "The Dark Side of the Moon",
        "year": 1973,
        "rank": 29,
    },
}

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "The field at fault."},
        "id": {"type": "string", "description": "The id to retry the vote with."},
    },
}

_REFUSALS = {
    "400": "The body is not JSON.",
    "413": "The body is larger than 4 KiB.",
    "415": "The content type is not application/json.",
    "422": "A field is wrong; `field` names it.",
}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


def vote_api_document(service: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a route's service."""
    accepted = {
        "description": "Kafka has acknowledged the vote; it counts exactly once.",
        "headers": {"X-Vote-Route": {"schema": {"type": "string", "enum": ["grpc", "http"]}}},
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
    unavailable = _problem("The vote cannot be taken now. Retry with the `id` in the answer.")
    unavailable["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The vote's id, in place of `id` in the body.",
        "schema": {"type": "string", "format": "uuid"},
    }
    operation = {
        "summary": "Cast a vote",
        "operationId": "castVote",
        "parameters": [key],
        "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": _VOTE}}},
        "responses": {
            "202": accepted,
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
