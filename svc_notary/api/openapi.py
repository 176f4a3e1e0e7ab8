"""The OpenAPI document of svc_notary."""

from typing import Any, Final

from svc_notary.receipts.receipt import Receipt
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE, Problem
from voting.http.schemas import REFERENCE, answer_schemas, sparse_answer_schemas

_PROBLEMS: Final = {
    "404": "No vote with this id is in the record yet, or there is no such tree or tile.",
    "422": "The id is not a UUID, and no shorter form of one.",
    "503": "What became of the vote is not known right now.",
}
_ID: Final = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The vote's id, from the answer `202`, or its shorter form.",
    "schema": {"type": "string"},
}
_PARTITION: Final = {
    "name": "partition",
    "in": "path",
    "required": True,
    "description": "Number of the tree, from 0.",
    "schema": {"type": "integer", "minimum": 0},
}
_PATH: Final = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "`LEVEL/NUMBER`, and `.p/WIDTH` for a partial tile (c2sp.org/tlog-tiles).",
    "schema": {"type": "string"},
}


def receipts_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    schemas = {**answer_schemas(Receipt), **sparse_answer_schemas(Problem)}
    for of_votes in ("id", "opens_at", "closes_at", "voted_at"):
        del schemas["Problem"]["properties"][of_votes]
    return {
        "openapi": "3.1.0",
        "info": {"title": "svc_notary", "version": "1.0.0"},
        "paths": {
            "/api/receipts/{id}": {"parameters": [_ID], "get": _receipt()},
            "/notary/{partition}/checkpoint": {
                "parameters": [_PARTITION],
                "get": _file("showCheckpoint", "The newest checkpoint of a tree", "text/plain"),
            },
            "/notary/{partition}/tile/{path}": {
                "parameters": [_PARTITION, _PATH],
                "get": _file("showTile", "A tile of a tree", "application/octet-stream"),
            },
        },
        "components": {"schemas": schemas},
    }


def _receipt() -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name="Receipt")}
    good = {"description": "What became of it.", "content": {JSON_TYPE: {"schema": schema}}}
    return {
        "summary": "What became of a vote, with the proof",
        "operationId": "showReceipt",
        "responses": {"200": good, **{status: _problem(status) for status in _PROBLEMS}},
    }


def _file(operation: str, summary: str, content_type: str) -> dict[str, Any]:
    schema = {"type": "string"}
    good = {"description": "The file.", "content": {content_type: {"schema": schema}}}
    return {
        "summary": summary,
        "operationId": operation,
        "responses": {"200": good, "404": _problem("404")},
    }


def _problem(status: str) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(name="Problem")}}},
    }
    if status == "503":
        problem["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return problem
