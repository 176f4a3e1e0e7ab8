"""The document, held against what is sent and answered."""

import json
from http import HTTPStatus
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from svc_voters.api.forms import CodeForm, IdentityForm, Issued, OpenForm, PollWays
from svc_voters.api.metrics import REFUSED_STATUSES
from svc_voters.api.openapi import tokens_document
from svc_voters.ways.proof import new_challenge
from voting.http.problem import ProblemError
from voting.voters.issuing import IssuingProblem
from voting.voters.rules import Way

DOCUMENT: Final = tokens_document()


def fits(name: str, value: Any) -> bool:
    """Return whether a value, encoded as JSON, fits the schema of this name."""
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": {"schemas": DOCUMENT["components"]["schemas"]},
    }
    return Draft202012Validator(schema).is_valid(json.loads(msgspec.json.encode(value)))


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_requests_and_answers_are_as_documented() -> None:
    challenge = new_challenge(bytes(32), 10, 1_764_000_000_000)
    for ways in (
        PollWays(scope="awards", ways=tuple(Way), challenge=challenge),
        PollWays(scope=None, ways=(), challenge=None),
    ):
        assert fits("PollWays", ways)
    assert fits("Issued", Issued("token", "audience", "awards"))
    for form in (OpenForm(), OpenForm("proof"), CodeForm("code"), IdentityForm("token")):
        assert fits(type(form).__name__, form)
    problem = ProblemError(HTTPStatus.UNAUTHORIZED, "no", kind=IssuingProblem.CODE_INVALID)
    assert fits("Problem", problem.problem)


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("OpenForm", {"way": "open", "code": "x"}),
        ("OpenForm", {"way": "code"}),
        ("OpenForm", {}),
        ("CodeForm", {"way": "code"}),
        ("CodeForm", {"way": "code", "code": "0" * 65}),
        ("IdentityForm", {"way": "identity", "identity": None}),
    ],
)
def test_what_is_refused_does_not_fit(form: str, body: dict[str, Any]) -> None:
    assert not fits(form, body)


def test_each_documented_refusal_is_counted_from_the_start() -> None:
    documented = DOCUMENT["paths"]["/voters/{poll}"]["post"]["responses"]
    assert {int(status) for status in documented} - {200} <= set(REFUSED_STATUSES)
