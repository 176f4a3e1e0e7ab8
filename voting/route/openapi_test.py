"""The document of the vote endpoint, held against what the endpoint does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from voting.domain.vote import Route
from voting.http.problem import ProblemError
from voting.route.openapi import vote_api_document
from voting.route.vote_api import read_json_vote

DOCUMENT = vote_api_document("svc_http_route")
OPERATION = DOCUMENT["paths"]["/votes"]["post"]
SCHEMA = OPERATION["requestBody"]["content"]["application/json"]["schema"]
GOOD: dict[str, Any] = SCHEMA["example"]
NEW_ID = "019ab3c4-5d6e-7f80-9a1b-000000000000"
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def status(body: str) -> int:
    """Return what the endpoint answers to this body; 202 when it takes the vote."""
    try:
        read_json_vote(body.encode(), None, Route.HTTP, lambda: NEW_ID)
    except ProblemError as error:
        return error.problem.status
    return 202


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_example_is_a_valid_vote() -> None:
    assert status(json.dumps(GOOD)) == 202


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("year", '"0000"', 422),
        ("year", '"999"', 422),
        ("year", '"1899"', 422),
        ("year", '"1900"', 202),
        ("year", '"2100"', 202),
        ("year", '"2101"', 422),
        ("year", '"1973.0"', 422),
        ("year", '"01973"', 422),
        ("year", '" 1973"', 422),
        ("year", "1973.0", 202),
        ("year", "1973e0", 202),
        ("year", "1973.5", 422),
        ("year", "true", 422),
        ("year", "null", 422),
        ("rank", '"0"', 422),
        ("rank", '"029"', 422),
        ("rank", '"1"', 202),
        ("rank", '"100"', 202),
        ("rank", '"101"', 422),
        ("rank", "1e2", 202),
        ("id", "null", 202),
        ("id", '"0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"', 202),
        ("id", '"0B0E7C9E-4F1C-4C6A-9D7B-1F2E3D4C5B6A"', 202),
        ("id", '"00000000-0000-0000-0000-000000000000"', 422),
        ("id", '"ffffffff-ffff-ffff-ffff-ffffffffffff"', 422),
        ("id", '"0b0e7c9e4f1c4c6a9d7b1f2e3d4c5b6a"', 422),
        ("id", '""', 422),
        ("name", '""', 422),
        ("name", "null", 422),
        ("vote", "1", 422),
    ],
)
def test_the_schema_matches_the_endpoint(field: str, value: str, expected: int) -> None:
    fields = {**{name: json.dumps(given) for name, given in GOOD.items()}, field: value}
    body = "{" + ", ".join(f'"{name}": {given}' for name, given in fields.items()) + "}"
    assert status(body) == expected
    assert VALIDATOR.is_valid(json.loads(body)) is (expected == 202)
    assert str(expected) in OPERATION["responses"]


@pytest.mark.parametrize("field", ["year", "rank"])
@given(
    value=st.integers(-10, 3000)
    | st.integers(-10, 3000).map(str)
    | st.integers(-10, 3000).map(float)
    | st.floats(0, 200)
    | st.from_regex(r"\A[0-9.e+-]{1,6}\Z")
    | st.none()
)
def test_the_schema_allows_every_number_that_the_endpoint_accepts(
    field: str, value: object
) -> None:
    vote = GOOD | {field: value}
    assert VALIDATOR.is_valid(vote) is (status(json.dumps(vote)) == 202)
