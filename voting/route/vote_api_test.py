import json
from http import HTTPStatus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.casting.sink import UnavailableError
from voting.domain.vote import InvalidVoteError, Route
from voting.http.problem import Problem, ProblemError
from voting.polls.known_polls import KnownPolls
from voting.route.vote_api import answer_vote, check_media_type
from voting.testing.examples import VOTE
from voting.testing.json_votes import NEW_ID, SetSink, problem, read

GOOD = {"name": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973, "rank": 29}
OTHER_ID = "0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"


def outcome(body: bytes) -> Problem | None:
    """Return the problem with a body, or None if it is a valid vote."""
    try:
        read(body)
    except ProblemError as error:
        error.answer()
        return error.problem
    return None


def test_a_vote_is_read() -> None:
    vote = read(GOOD)
    assert (vote.name, vote.album, vote.year, vote.rank) == tuple(GOOD.values())
    assert (vote.id, vote.route) == (NEW_ID, Route.HTTP)


def test_numbers_may_be_decimal_strings() -> None:
    vote = read(GOOD | {"year": "1973", "rank": "29"})
    assert (vote.year, vote.rank) == (1973, 29)


def test_text_is_trimmed_and_loses_invisible_characters() -> None:
    assert read(GOOD | {"name": "  Pink Floyd\u200b "}).name == "Pink Floyd"


def test_the_nil_uuid_is_refused_in_the_header_too() -> None:
    assert problem(GOOD, key="00000000-0000-0000-0000-000000000000").problem.field == "id"


def test_the_id_may_be_in_the_body() -> None:
    assert read(GOOD | {"id": OTHER_ID.upper()}).id == OTHER_ID


@pytest.mark.parametrize("key", [OTHER_ID, f'"{OTHER_ID}"', OTHER_ID.upper()])
def test_the_id_may_be_in_the_header(key: str) -> None:
    assert read(GOOD, key=key).id == OTHER_ID


def test_the_same_id_may_be_in_both() -> None:
    assert read(GOOD | {"id": OTHER_ID}, key=OTHER_ID).id == OTHER_ID


def test_two_different_ids_are_refused() -> None:
    error = problem(GOOD | {"id": OTHER_ID}, key=NEW_ID)
    assert (error.problem.status, error.problem.field) == (422, "id")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_be_written_in_other_ways(content_type: str) -> None:
    check_media_type(content_type)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/jsonp"])
def test_another_content_type_is_415(content_type: str | None) -> None:
    with pytest.raises(ProblemError) as caught:
        check_media_type(content_type)
    assert caught.value.problem.status == 415


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b'{"name": "\xff"}', b'"\\ud800"'])
def test_a_body_that_is_not_json_is_400(body: bytes) -> None:
    assert problem(body).problem.status == 400


@pytest.mark.parametrize("body", [[], None, 1, "text"])
def test_json_that_is_not_an_object_is_422(body: object) -> None:
    assert problem(body).problem.status == 422


def test_a_body_over_4_kib_is_413() -> None:
    assert problem(GOOD | {"name": "x" * 4096}).problem.status == 413


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_named(field: str) -> None:
    error = problem({name: value for name, value in GOOD.items() if name != field})
    assert (error.problem.status, error.problem.field) == (422, field)
    assert error.problem.detail == f"{field}: is missing"


def test_an_unknown_field_is_named() -> None:
    error = problem(GOOD | {"user`s": 1})
    assert (error.problem.status, error.problem.field) == (422, "user`s")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("at `$.evil`", "at `$.evil`"),
        ("x`, object missing required field `name`", "x`, object missing required field `name`"),
        ("", ""),
        ("año", "año"),
        ("a\n\u202eb\u200b", "a\\n\\u202eb\\u200b"),
        ("x" * 65, "x" * 63 + "…"),
    ],
)
def test_the_name_of_an_unknown_field_is_escaped_and_shortened(name: str, shown: str) -> None:
    error = problem(GOOD | {name: 1})
    assert (error.problem.status, error.problem.field) == (422, shown)
    assert error.problem.detail == f"{shown}: is not a field of a vote"


def test_a_field_given_twice_is_refused_even_if_one_value_is_valid() -> None:
    error = problem(b'{"rank": 0, ' + json.dumps(GOOD).encode()[1:])
    assert (error.problem.status, error.problem.field) == (422, None)
    assert error.problem.detail == "each field must appear only once"


def test_a_wrong_field_does_not_hide_that_the_rest_is_not_json() -> None:
    assert problem(b'{"name": 1, "album"').problem.status == 400
    assert problem(b'{"name": 1, "album": "\xff"}').problem.field == "name"
    assert problem(b'{"album": 1, "name": "\xff"}').problem.field == "album"


NAMES = st.sampled_from([*GOOD, "id", "at `$.evil`", "$", "`name`"]) | st.text(max_size=20)
NUMBERS = st.integers() | st.integers(0, 3000) | st.floats() | st.floats(0, 3000).map(round)
LEAVES = st.none() | st.booleans() | NUMBERS | NUMBERS.map(str) | st.text(max_size=20)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


@given(fields=st.dictionaries(NAMES, VALUES), complete=st.booleans())
@settings(max_examples=300)
def test_any_object_gets_a_vote_or_a_problem_that_names_one_of_its_fields(
    fields: dict[str, object], *, complete: bool
) -> None:
    body = json.dumps(GOOD | fields if complete else fields, ensure_ascii=False)
    found = outcome(body.encode(errors="surrogatepass"))
    if found is not None and found.status == 422:
        assert found.field is not None
        assert found.detail.startswith(f"{found.field}: ")


@given(st.binary(max_size=200) | st.text('[]{}":,0ae.-\\u` $', max_size=200).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_get_a_problem(body: bytes) -> None:
    assert problem(body).problem.status in {400, 422}


@pytest.mark.parametrize("name", [b"x", b"name"])
@pytest.mark.parametrize("more", [b"", b', "name": "y"'])
def test_deep_nesting_is_refused(name: bytes, more: bytes) -> None:
    body = b'{"%b": %b%b%b}' % (name, b"[" * 2000, b"]" * 2000, more)
    assert problem(body).problem.status == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("name", None),
        ("name", "   "),
        ("name", "x" * 201),
        ("album", "a\nb"),
        ("album", ["a"]),
        ("year", 1899),
        ("year", "2101"),
        ("year", "nineteen"),
        ("year", 1973.5),
        ("year", "1973.0"),
        ("year", "01973"),
        ("year", "1973\n"),
        ("year", " 1973"),
        ("rank", "1e1"),
        ("rank", "000"),
        ("rank", "101"),
        ("rank", "٢٩"),
        ("year", True),
        ("rank", 0),
        ("rank", 101),
        ("rank", None),
        ("rank", 10**30),
        ("id", "no-uuid"),
        ("id", "00000000-0000-0000-0000-000000000000"),
        ("id", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        ("id", 7),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    error = problem(GOOD | {field: value})
    assert (error.problem.status, error.problem.field) == (422, field)
    assert error.problem.detail.startswith(f"{field}: must ")


def test_a_problem_has_the_shape_of_problem_details() -> None:
    answer = problem(GOOD | {"rank": 101}).answer()
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.body) == {
        "title": HTTPStatus.UNPROCESSABLE_ENTITY.phrase,
        "status": 422,
        "detail": "rank: must be a whole number from 1 to 100",
        "field": "rank",
    }


async def test_an_acknowledged_vote_is_answered_202_with_its_id() -> None:
    sink = SetSink()
    answer = await answer_vote(VOTE, None, sink, KnownPolls())
    assert (answer.status, json.loads(answer.body)) == (202, {"id": VOTE.id})
    assert sink.votes == [VOTE]


async def test_a_vote_that_cannot_be_accepted_now_is_503_with_its_id() -> None:
    with pytest.raises(ProblemError) as caught:
        await answer_vote(
            VOTE, None, SetSink(UnavailableError("Kafka is away", retry_after=3)), KnownPolls()
        )
    answer = caught.value.answer()
    assert (answer.status, answer.headers) == (503, {"retry-after": "3"})
    assert json.loads(answer.body)["id"] == VOTE.id


async def test_a_vote_that_the_sink_finds_invalid_is_422() -> None:
    with pytest.raises(ProblemError) as caught:
        await answer_vote(
            VOTE, None, SetSink(InvalidVoteError("rank", "must be odd")), KnownPolls()
        )
    assert (caught.value.problem.status, caught.value.problem.field) == (422, "rank")
