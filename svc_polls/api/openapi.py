"""The OpenAPI document of the organisers' API."""

from typing import Any, Final

from svc_polls.api.answers import Changed, HistoryPage, PollList, PollState
from svc_polls.api.console import Me, SystemState
from svc_polls.api.forms import SLUG_SCHEMA, CloseForm, CopyForm, DefinitionForm, RevokeForm
from svc_polls.api.publishing import Evidence
from svc_polls.api.requests import BODY_MAX, LIMIT_DEFAULT, LIMIT_MAX
from svc_polls.publishing.publisher import Publication
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE, Problem
from voting.http.schemas import (
    REFERENCE,
    Schemas,
    answer_schemas,
    request_schemas,
    sparse_answer_schemas,
)

_PROBLEMS: Final = {
    "400": "The body is not JSON, or a condition is not one.",
    "401": "There is no bearer token, or it is not an organiser's.",
    "403": "The organiser does not have the role.",
    "404": "There is no such poll.",
    "408": "The request did not arrive in time.",
    "409": "A rule forbids the change; `detail` says which. Nothing was changed.",
    "412": "The condition does not hold: somebody changed the poll. Nothing was changed.",
    "413": f"The body is larger than {BODY_MAX >> 20} MiB.",
    "415": "The content type is not application/json.",
    "422": "The request breaks a rule; `field` names the field. Nothing was changed.",
    "428": "The poll exists, and the condition is missing.",
    "431": "The headers are larger than 16 KiB.",
    "503": "Nothing was changed: the newest event is not known, the log of polls cannot be "
    "trusted, Kafka does not take the change, or too many changes are running.",
    "504": "The change was sent to Kafka and may still take effect: look at the poll first.",
}
_READING: Final = ("401", "422", "431", "503")
_ID: Final = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The number of the poll's last event (its `ETag`), or `*` for any.",
    "schema": {"type": "string", "pattern": '^(?:\\*|"?[0-9]{1,13}"?)$'},
}
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
_CHANGING: Final = ("400", *_READING, "403", "404", "408", "409", "412", "413", "415", "428", "504")


def polls_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    schemas: Schemas = {
        **request_schemas(CloseForm, CopyForm, RevokeForm),
        **answer_schemas(PollList, Changed, HistoryPage, Me, SystemState, Publication, Evidence),
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
            **{
                f"/api/polls/{{id}}/{name}": {"parameters": [id_parameter], "post": operation}
                for name, operation in (
                    ("open", _change("openPoll", "Open a poll by hand (operator)")),
                    ("close", _close()),
                    ("publish", _publish()),
                    ("release", _change("releaseResult", "Show the result (releaser)")),
                    ("revoke", _revoke()),
                    ("copy", _copy()),
                )
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reference(type_: type) -> dict[str, str]:
    return {"$ref": REFERENCE.format(name=type_.__name__)}


def _responses(good: dict[str, Any], problems: tuple[str, ...]) -> dict[str, Any]:
    schema = _reference(Problem)
    return good | {
        status: {
            "description": _PROBLEMS[status],
            "content": {PROBLEM_TYPE: {"schema": schema}},
        }
        for status in sorted({*problems})
    }


def _good(description: str, type_: type, *, tagged: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "content": {JSON_TYPE: {"schema": _reference(type_)}},
    }
    if tagged:
        answer["headers"] = {
            "ETag": {"description": "For `If-Match`.", "schema": {"type": "string"}}
        }
    return answer


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
    good = {"200": _good(f"{summary}.", type_)}
    return {
        "summary": summary,
        "operationId": name,
        "responses": _responses(good, ("401", "431")),
    }


def _list() -> dict[str, Any]:
    return {
        "summary": "The polls, by id",
        "operationId": "listPolls",
        "parameters": _page({"type": "string", **SLUG_SCHEMA}),
        "responses": _responses({"200": _good("A page of them.", PollList)}, _READING),
    }


def _show() -> dict[str, Any]:
    good = {"200": _good("The poll as it is now.", PollState, tagged=True)}
    return {
        "summary": "A poll",
        "operationId": "showPoll",
        "responses": _responses(good, (*_READING, "404")),
    }


def _history() -> dict[str, Any]:
    good = {"200": _good("A page of its events, oldest first.", HistoryPage)}
    return {
        "summary": "What happened to a poll, and who did it",
        "operationId": "showHistory",
        "parameters": _page({"type": "integer", "minimum": 0}),
        "responses": _responses(good, (*_READING, "404")),
    }


def _read(summary: str, name: str, type_: type) -> dict[str, Any]:
    good = {"200": _good(f"{summary}.", type_)}
    problems = (*_READING, "403", "404", "409")
    return {"summary": summary, "operationId": name, "responses": _responses(good, problems)}


def _partition() -> dict[str, Any]:
    operation = _read("The records of a partition (releaser)", "readEvidence", Evidence)
    operation["responses"]["200"] = {
        "description": "A stream, complete if it ends with the byte 0xff.",
        "content": {"application/octet-stream": {}},
    }
    return operation


def _publish() -> dict[str, Any]:
    operation = _change(
        "publishResult",
        "Count the votes, sign the result and make it final for good; ask again to see how far it "
        "is (releaser)",
        parameters=[],
    )
    for status in ("200", "428"):
        del operation["responses"][status]
    operation["responses"]["200"] = _good("It is published.", Publication)
    operation["responses"]["202"] = _good("It has begun; `failed` says why not.", Publication)
    return operation


def _define() -> dict[str, Any]:
    made = {"201": _good("The poll was created.", Changed, tagged=True)}
    return _change(
        "definePoll",
        "Create a poll, or replace its definition until it is frozen (editor)",
        form=DefinitionForm,
        also=made,
        parameters=[_IF_MATCH, _IF_NONE_MATCH],
    )


def _close() -> dict[str, Any]:
    return _change(
        "closePoll",
        "End an open poll as soon as possible or at a time, also a later one (operator)",
        form=CloseForm,
        required=False,
    )


def _revoke() -> dict[str, Any]:
    return _change(
        "revokeTokens",
        "Take back voters' tokens, for good; votes that were accepted count (operator)",
        form=RevokeForm,
    )


def _copy() -> dict[str, Any]:
    made = {"201": _good("The copy was created.", Changed, tagged=True)}
    operation = _change(
        "copyPoll",
        "Copy a poll, say a rehearsal, as another one that is no rehearsal (editor)",
        form=CopyForm,
        also=made,
        parameters=[],
    )
    for status in ("200", "428"):
        del operation["responses"][status]
    return operation


def _change(
    name: str,
    summary: str,
    *,
    form: type | None = None,
    required: bool = True,
    also: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    good = {"200": _good("The change was made.", Changed, tagged=True), **(also or {})}
    operation: dict[str, Any] = {
        "summary": summary,
        "operationId": name,
        "parameters": [_IF_MATCH] if parameters is None else parameters,
        "responses": _responses(good, _CHANGING),
    }
    if form is not None:
        content = {JSON_TYPE: {"schema": _reference(form)}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation
