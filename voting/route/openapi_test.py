"""The document of the vote endpoint agrees with the endpoint."""

import json
import re
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from voting.domain.vote import TOO_MANY_ALBUMS, Route
from voting.http.problem import Problem, ProblemError
from voting.route.openapi import vote_api_document
from voting.route.vote_api import Accepted, accepted_body, read_json_vote
from voting.route.vote_form import PollVoteForm, VoteForm
from voting.service.clock_watch import now_ms
from voting.testing.polls import CLOSED, EARLY, POLL, trial_polls

DOCUMENT = vote_api_document("svc_http_route")
OPERATION = DOCUMENT["paths"]["/votes"]["post"]
SCHEMAS = DOCUMENT["components"]["schemas"]
CONTENT = OPERATION["requestBody"]["content"]
SCHEMA = SCHEMAS["VoteForm"]
GOOD: dict[str, Any] = SCHEMA["example"]
NEW_ID = "019ab3c4-5d6e-7f80-9a1b-000000000000"
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def status(body: str) -> int:
    """Return the status of the endpoint's answer to this body."""
    try:
        read_json_vote(body.encode(), None, Route.HTTP, lambda: NEW_ID, trial_polls(now_ms()))
    except ProblemError as error:
        return error.problem.status
    return 202


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_schemas_are_those_of_the_vote_and_of_its_answers() -> None:
    answers = {code: answer.get("content", {}) for code, answer in OPERATION["responses"].items()}
    reference = "#/components/schemas/{}".format
    assert CONTENT["application/json"]["schema"] == {
        "oneOf": [{"$ref": reference("VoteForm")}, {"$ref": reference("PollVoteForm")}]
    }
    assert answers["202"]["application/json"]["schema"] == {"$ref": reference("Accepted")}
    assert answers["422"]["application/problem+json"]["schema"] == {"$ref": reference("Problem")}
    assert list(SCHEMAS["PollVoteForm"]["properties"]) == list(PollVoteForm.__struct_fields__)
    assert list(SCHEMA["properties"]) == list(VoteForm.__struct_fields__)
    assert list(SCHEMAS["Problem"]["properties"]) == list(Problem.__struct_fields__)


def test_an_accepted_vote_is_answered_as_documented() -> None:
    body = accepted_body(NEW_ID)
    assert msgspec.json.encode(Accepted(NEW_ID)) == body
    Draft202012Validator(SCHEMAS["Accepted"]).validate(json.loads(body))


@pytest.mark.parametrize(
    "error",
    [
        ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no", field="year"),
        ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no", kind=TOO_MANY_ALBUMS),
        ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no", vote_id=NEW_ID),
    ],
)
def test_a_problem_is_answered_as_documented(error: ProblemError) -> None:
    answered = json.loads(error.answer().body)
    Draft202012Validator(SCHEMAS["Problem"]).validate(answered)
    assert answered.keys() >= set(SCHEMAS["Problem"]["required"])
    assert answered.keys() <= SCHEMAS["Problem"]["properties"].keys()


@pytest.mark.parametrize(
    ("field", "text", "fits"),
    [
        ("name", "Björk", True),
        ("year", "1993", True),
        ("year", "1993.0", False),
        ("rank", "100", True),
        ("rank", "101", False),
        ("id", NEW_ID, True),
        ("form", NEW_ID, True),
        ("lang", "es", True),
        ("lang", "de", False),
        ("vote", "1", False),
    ],
)
def test_a_form_has_the_fields_of_the_vote_as_text(field: str, text: str, fits: bool) -> None:
    schema = CONTENT["application/x-www-form-urlencoded"]["schema"]
    form = {name: str(value) for name, value in GOOD.items()} | {field: text}
    assert Draft202012Validator(schema).is_valid(form) is fits


def test_patterns_are_ecmascripts() -> None:
    patterns = re.findall(r'"pattern": "([^"]*)"', json.dumps(DOCUMENT))
    assert len(patterns) == 10
    assert all(pattern[0] == "^" and pattern[-1] == "$" for pattern in patterns)


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


POLL_SCHEMA = SCHEMAS["PollVoteForm"]
POLL_VALIDATOR = Draft202012Validator(
    POLL_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"poll": POLL, "entry": "blue", "rank": 1}, 202),
        ({"poll": POLL, "entry": "blue", "rank": "100"}, 202),
        ({"poll": POLL, "entry": "blue", "rank": 1, "id": NEW_ID}, 202),
        ({"poll": POLL, "entry": "blue"}, 422),
        ({"poll": POLL, "entry": 7, "rank": 1}, 422),
        ({"poll": POLL, "entry": "blue", "rank": 101}, 422),
        ({"poll": POLL, "entry": "blue", "rank": 1, "vote": 1}, 422),
        ({"poll": "x" * 65, "entry": "blue", "rank": 1}, 422),
    ],
)
def test_the_schema_of_votes_in_polls_matches_the_endpoint(
    body: dict[str, Any], expected: int
) -> None:
    assert status(json.dumps(body)) == expected
    assert POLL_VALIDATOR.is_valid(body) is (expected == 202)


@pytest.mark.parametrize(("poll", "expected"), [("missing", 404), (CLOSED, 409), (EARLY, 409)])
def test_the_statuses_of_polls_are_documented(poll: str, expected: int) -> None:
    body = POLL_SCHEMA["example"] | {"poll": poll}
    assert POLL_VALIDATOR.is_valid(body)
    assert status(json.dumps(body)) == expected
    assert str(expected) in OPERATION["responses"]
