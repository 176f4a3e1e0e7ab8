"""Parts of the OpenAPI document: changes, and the answers of operations."""

from typing import Any, Final

from svc_polls.api.answers import Changed
from svc_polls.api.requests import BODY_MAX
from voting.http.problem import JSON_TYPE, PROBLEM_TYPE, Problem
from voting.http.schemas import REFERENCE

READING: Final = ("401", "422", "431", "503")
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The number of the poll's last event (its `ETag`), or `*` for any.",
    "schema": {"type": "string", "pattern": '^(?:\\*|"?[0-9]{1,13}"?)$'},
}
_CHANGING: Final = ("400", *READING, "403", "404", "408", "409", "412", "413", "415", "428", "504")
_PROBLEMS: Final = {
    "400": "The body is not JSON, or a condition is not one.",
    "401": "There is no bearer token, or it is not an organiser's.",
    "403": "The organiser does not have the role.",
    "404": "There is no such poll, or no such ruling.",
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


def reference(type_: type) -> dict[str, str]:
    """Return the reference to the schema of a type."""
    return {"$ref": REFERENCE.format(name=type_.__name__)}


def responses(good: dict[str, Any], problems: tuple[str, ...]) -> dict[str, Any]:
    """Return good answers, and the problems of these statuses."""
    schema = reference(Problem)
    return good | {
        status: {
            "description": _PROBLEMS[status],
            "content": {PROBLEM_TYPE: {"schema": schema}},
        }
        for status in sorted({*problems})
    }


def good_answer(description: str, type_: type, *, tagged: bool = False) -> dict[str, Any]:
    """Return an answer of this type; a `tagged` one has an ETag."""
    answer: dict[str, Any] = {
        "description": description,
        "content": {JSON_TYPE: {"schema": reference(type_)}},
    }
    if tagged:
        answer["headers"] = {
            "ETag": {"description": "For `If-Match`.", "schema": {"type": "string"}}
        }
    return answer


def change(
    name: str,
    summary: str,
    *,
    form: type | None = None,
    required: bool = True,
    also: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the operation of a change; `also` are good answers besides 200."""
    good = {"200": good_answer("The change was made.", Changed, tagged=True), **(also or {})}
    operation: dict[str, Any] = {
        "summary": summary,
        "operationId": name,
        "parameters": [IF_MATCH] if parameters is None else parameters,
        "responses": responses(good, _CHANGING),
    }
    if form is not None:
        content = {JSON_TYPE: {"schema": reference(form)}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation
