"""The OpenAPI document of the organisers' API."""

from typing import Any, Final

from svc_polls.api.answers import Changed, HistoryPage, PollList, PollState
from svc_polls.api.console import Me, SystemState
from svc_polls.api.forms import SLUG_SCHEMA, CloseForm, CopyForm, DefinitionForm, RevokeForm
from svc_polls.api.openapi_parts import IF_MATCH, READING, change, good_answer, responses
from svc_polls.api.publishing import Evidence
from svc_polls.api.requests import LIMIT_DEFAULT, LIMIT_MAX
from svc_polls.api.ruling_answers import RulingWithIds
from svc_polls.api.ruling_forms import RulingForm
from svc_polls.publishing.publisher import Publication
from voting.http.problem import Problem
from voting.http.schemas import (
    Schemas,
    answer_schemas,
    request_schemas,
    sparse_answer_schemas,
)
from voting.polls.ruling import RULINGS_MAX

_ID: Final = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`*`: only if there is no such poll.",
    "schema": {"type": "string", "const": "*"},
}
_PARTITION: Final = {
    "name": "partition",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}
_RULING: Final = {
    "name": "number",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": RULINGS_MAX},
}
_IDS: Final = {
    "name": "ids",
    "in": "query",
    "description": "`false` leaves the ids out.",
    "schema": {"type": "boolean", "default": True},
}


def polls_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    schemas: Schemas = {
        **request_schemas(CloseForm, CopyForm, RevokeForm, RulingForm),
        **answer_schemas(
            PollList,
            Changed,
            HistoryPage,
            Me,
            SystemState,
            Publication,
            Evidence,
            RulingWithIds,
        ),
        **sparse_answer_schemas(Problem),
        **request_schemas(DefinitionForm),
    }
    for of_votes in ("id", "type", "opens_at", "closes_at", "voted_at"):
        del schemas["Problem"]["properties"][of_votes]
    id_parameter = {**_ID, "schema": {"type": "string", **SLUG_SCHEMA}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "svc_polls", "version": "1.0.0"},
        "security": [{"token": []}],
        "paths": {
            "/api/me": {"get": _look("Whose token it is", "showMe", Me)},
            "/api/system": {"get": _look("How the system is", "showSystem", SystemState)},
            "/api/polls": {"get": _list()},
            "/api/polls/{id}": {"parameters": [id_parameter], "get": _show(), "put": _define()},
            "/api/polls/{id}/history": {"parameters": [id_parameter], "get": _history()},
            "/api/polls/{id}/publication": {
                "parameters": [id_parameter],
                "get": _read("How far the publication is here", "showPublication", Publication),
            },
            "/api/polls/{id}/evidence": {
                "parameters": [id_parameter],
                "get": _read("What a recount needs (releaser)", "showEvidence", Evidence),
            },
            "/api/polls/{id}/evidence/{partition}": {
                "parameters": [id_parameter, _PARTITION],
                "get": _partition(),
            },
            "/api/polls/{id}/rulings/{number}": {
                "parameters": [id_parameter, _RULING],
                "get": _ruling(),
            },
            **{
                f"/api/polls/{{id}}/rulings/{{number}}/{name}": {
                    "parameters": [id_parameter, _RULING],
                    "post": change(f"{name}Ruling", summary),
                }
                for name, summary in (
                    ("approve", "Put a proposed ruling in force, as another person (releaser)"),
                    ("refuse", "End a proposed ruling (releaser)"),
                )
            },
            **{
                f"/api/polls/{{id}}/{name}": {"parameters": [id_parameter], "post": operation}
                for name, operation in (
                    ("open", change("openPoll", "Open a poll by hand (operator)")),
                    ("close", _close()),
                    ("publish", _publish()),
                    ("release", change("releaseResult", "Show the result (releaser)")),
                    ("revoke", _revoke()),
                    ("rulings", _propose()),
                    ("copy", _copy()),
                )
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _page(after: dict[str, Any]) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}
    return [
        {"name": "limit", "in": "query", "schema": limit},
        {
            "name": "after",
            "in": "query",
            "description": "`next` of the page before.",
            "schema": after,
        },
    ]


def _look(summary: str, name: str, type_: type) -> dict[str, Any]:
    good = {"200": good_answer(f"{summary}.", type_)}
    return {
        "summary": summary,
        "operationId": name,
        "responses": responses(good, ("401", "431")),
    }


def _list() -> dict[str, Any]:
    return {
        "summary": "The polls, by id",
        "operationId": "listPolls",
        "parameters": _page({"type": "string", **SLUG_SCHEMA}),
        "responses": responses({"200": good_answer("A page of them.", PollList)}, READING),
    }


def _show() -> dict[str, Any]:
    good = {"200": good_answer("The poll as it is now.", PollState, tagged=True)}
    return {
        "summary": "A poll",
        "operationId": "showPoll",
        "responses": responses(good, (*READING, "404")),
    }


def _history() -> dict[str, Any]:
    good = {"200": good_answer("A page of its events, oldest first.", HistoryPage)}
    return {
        "summary": "What happened to a poll, and who did it",
        "operationId": "showHistory",
        "parameters": _page({"type": "integer", "minimum": 0}),
        "responses": responses(good, (*READING, "404")),
    }


def _read(summary: str, name: str, type_: type) -> dict[str, Any]:
    good = {"200": good_answer(f"{summary}.", type_)}
    problems = (*READING, "403", "404", "409")
    return {"summary": summary, "operationId": name, "responses": responses(good, problems)}


def _partition() -> dict[str, Any]:
    operation = _read("The records of a partition (releaser)", "readEvidence", Evidence)
    operation["responses"]["200"] = {
        "description": "A stream, complete if it ends with the byte 0xff.",
        "content": {"application/octet-stream": {}},
    }
    return operation


def _publish() -> dict[str, Any]:
    operation = change(
        "publishResult",
        "Count the votes, sign the result and make it final for good; ask again to see how far it "
        "is (releaser)",
        parameters=[],
    )
    for status in ("200", "428"):
        del operation["responses"][status]
    operation["responses"]["200"] = good_answer("It is published.", Publication)
    operation["responses"]["202"] = good_answer("It has begun; `failed` says why not.", Publication)
    return operation


def _define() -> dict[str, Any]:
    made = {"201": good_answer("The poll was created.", Changed, tagged=True)}
    return change(
        "definePoll",
        "Create a poll, or replace its definition until it is frozen (editor)",
        form=DefinitionForm,
        also=made,
        parameters=[IF_MATCH, _IF_NONE_MATCH],
    )


def _close() -> dict[str, Any]:
    return change(
        "closePoll",
        "End an open poll as soon as possible or at a time, also a later one (operator)",
        form=CloseForm,
        required=False,
    )


def _revoke() -> dict[str, Any]:
    return change(
        "revokeTokens",
        "Take back voters' tokens, for good; votes that were accepted count (operator)",
        form=RevokeForm,
    )


def _ruling() -> dict[str, Any]:
    good = {"200": good_answer("The ruling.", RulingWithIds, tagged=True)}
    return {
        "summary": "A ruling, with the ids of its votes and, while it is open, what it would take",
        "operationId": "showRuling",
        "parameters": [_IDS],
        "responses": responses(good, (*READING, "404")),
    }


def _propose() -> dict[str, Any]:
    return change(
        "proposeRuling",
        "Propose that votes do not count, or that a ruling is lifted (releaser)",
        form=RulingForm,
    )


def _copy() -> dict[str, Any]:
    made = {"201": good_answer("The copy was created.", Changed, tagged=True)}
    operation = change(
        "copyPoll",
        "Copy a poll, say a rehearsal, as another one that is no rehearsal (editor)",
        form=CopyForm,
        also=made,
        parameters=[],
    )
    for status in ("200", "428"):
        del operation["responses"][status]
    return operation
