import asyncio
import json
from http import HTTPStatus

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voting.casting.ballot_memory import VotedBeforeError
from voting.casting.sink import OnResult, UnavailableError
from voting.domain.vote import InvalidVoteError, Route, Vote, check_new_vote
from voting.http.problem import Problem, ProblemError
from voting.polls.known_polls import NO_SUCH_ENTRY, KnownPolls, RefusalKind
from voting.polls.poll import FRESH_MS
from voting.route.vote_api import (
    answer_vote,
    check_media_type,
    invalid_vote_problem,
    read_json_vote,
)
from voting.service.clock_watch import now_ms
from voting.testing.examples import VOTE
from voting.testing.polls import (
    CLOSED,
    DEFINITION,
    EARLY,
    ENTRIES,
    POLL,
    REVOKED_BATCH,
    WITH_VOTERS,
    WITHOUT_KEY,
    trial_polls,
    voter_token,
)
from voting.voters.ballots import VoterProblem

GOOD = {"name": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973, "rank": 29}
NEW_ID = "019ab3c4-5d6e-7f80-9a1b-000000000000"
OTHER_ID = "0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"


def read(body: object, key: str | None = None) -> Vote:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_json_vote(data, key, Route.HTTP, lambda: NEW_ID, trial_polls(now_ms()))


def problem(body: object, key: str | None = None) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        read(body, key)
    return caught.value


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


class Sink:
    """A `VoteSink` with a result that the test sets."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.votes: list[Vote] = []

    def new_id(self) -> str:
        return NEW_ID

    def cast(self, vote: Vote, _traceparent: str | None, on_result: OnResult) -> None:
        self.votes.append(vote)
        asyncio.get_running_loop().call_soon(on_result, self.error)


async def test_an_acknowledged_vote_is_answered_202_with_its_id() -> None:
    sink = Sink()
    answer = await answer_vote(VOTE, None, sink, KnownPolls())
    assert (answer.status, json.loads(answer.body)) == (202, {"id": VOTE.id})
    assert sink.votes == [VOTE]


async def test_a_vote_that_cannot_be_accepted_now_is_503_with_its_id() -> None:
    with pytest.raises(ProblemError) as caught:
        await answer_vote(
            VOTE, None, Sink(UnavailableError("Kafka is away", retry_after=3)), KnownPolls()
        )
    answer = caught.value.answer()
    assert (answer.status, answer.headers) == (503, {"retry-after": "3"})
    assert json.loads(answer.body)["id"] == VOTE.id


async def test_a_vote_that_the_sink_finds_invalid_is_422() -> None:
    with pytest.raises(ProblemError) as caught:
        await answer_vote(VOTE, None, Sink(InvalidVoteError("rank", "must be odd")), KnownPolls())
    assert (caught.value.problem.status, caught.value.problem.field) == (422, "rank")


IN_POLL = {"poll": POLL, "entry": "blue", "rank": 5}
BLUE = ENTRIES[2]
BALLOT = IN_POLL | {"poll": WITH_VOTERS, "voter": voter_token()}
LAST_EVENT = 9


@pytest.mark.parametrize(
    "body",
    [
        IN_POLL,
        IN_POLL | {"rank": "5"},
        {"poll": POLL, "name": " Joni Mitchell", "album": "Blue", "year": "1971", "rank": 5},
        json.dumps(IN_POLL).replace("poll", "\\u0070oll", 1).encode(),
    ],
)
def test_a_vote_in_a_poll_is_for_one_of_its_entries(body: object) -> None:
    before = now_ms()
    vote = read(body)
    assert (vote.poll, vote.entry, vote.poll_event) == (POLL, "blue", LAST_EVENT)
    assert (vote.name, vote.album, vote.year, vote.rank) == (BLUE.name, BLUE.album, BLUE.year, 5)
    assert before <= vote.cast_at_ms <= now_ms()
    assert check_new_vote(vote) == vote


def test_a_text_that_says_poll_makes_no_vote_in_a_poll() -> None:
    for album in ("poll", 'the "poll"'):
        vote = read(GOOD | {"album": album})
        assert (vote.album, vote.poll, vote.entry) == (album, "", "")


@pytest.mark.parametrize(
    ("changes", "status", "field", "kind"),
    [
        ({"poll": "missing"}, 404, "poll", RefusalKind.NO_SUCH_POLL),
        ({"poll": EARLY}, 409, "poll", RefusalKind.NOT_OPEN),
        ({"poll": CLOSED}, 409, "poll", RefusalKind.CLOSED),
        ({"entry": "missing"}, 422, "entry", NO_SUCH_ENTRY),
        ({"entry": None}, 422, "entry", None),
        ({"entry": None, "name": "Joni Mitchell"}, 422, "album", None),
        (
            {"entry": None, "name": "Joni Mitchell", "album": "Hejira", "year": 1976},
            422,
            "album",
            NO_SUCH_ENTRY,
        ),
        ({"year": 1971}, 422, "year", None),
        ({"rank": 101}, 422, "rank", None),
        ({"rank": None}, 422, "rank", None),
        ({"poll": None}, 422, "poll", None),
        ({"poll": 7}, 422, "poll", None),
        ({"poll": "x" * 65}, 422, "poll", None),
        ({"voter": "x"}, 422, "voter", None),
        ({"slot": 1}, 422, "slot", None),
        ({"slot": 101}, 422, "slot", None),
        ({"voter": 7}, 422, "voter", None),
        ({"id": "x"}, 422, "id", None),
    ],
)
def test_a_vote_that_a_poll_does_not_take_says_why(
    changes: dict[str, object], status: int, field: str, kind: str | None
) -> None:
    found = problem(IN_POLL | changes).problem
    assert (found.status, found.field, found.type) == (status, field, kind)


def test_the_same_voters_votes_have_the_same_id() -> None:
    first = read(BALLOT)
    assert first.id not in {NEW_ID, read(BALLOT | {"voter": voter_token(2)}).id}
    assert read(BALLOT | {"entry": "moon", "rank": 1, "slot": "1"}).id == first.id
    assert check_new_vote(first) == first


@pytest.mark.parametrize(
    ("changes", "status", "field", "kind"),
    [
        ({"voter": None}, 401, "voter", VoterProblem.MISSING),
        ({"voter": ""}, 401, "voter", VoterProblem.INVALID),
        ({"voter": voter_token()[:-4] + "AAAA"}, 401, "voter", VoterProblem.INVALID),
        ({"voter": voter_token(scope="another")}, 403, "voter", VoterProblem.OTHER_POLLS),
        ({"poll": CLOSED}, 409, "poll", RefusalKind.CLOSED),
        ({"voter": voter_token(voter_class=2)}, 403, "voter", VoterProblem.OTHER_POLLS),
        ({"voter": voter_token(batch=REVOKED_BATCH)}, 403, "voter", VoterProblem.REVOKED),
        ({"slot": 2}, 422, "slot", None),
        ({"id": OTHER_ID}, 422, "id", None),
        ({"entry": "missing", "voter": None}, 422, "entry", NO_SUCH_ENTRY),
    ],
)
def test_a_vote_that_does_not_come_from_a_voter_says_why(
    changes: dict[str, object], status: int, field: str, kind: str | None
) -> None:
    found = problem(BALLOT | changes)
    assert (found.problem.status, found.problem.field, found.problem.type) == (status, field, kind)
    assert ("www-authenticate" in found.headers) == (status == 401)
    assert voter_token() not in found.answer().body.decode()


def test_a_key_in_the_header_is_refused_with_a_token() -> None:
    assert problem(BALLOT, key=OTHER_ID).problem.field == "id"


async def test_a_voter_tries_again_with_the_token_and_without_an_id() -> None:
    polls = trial_polls(now_ms())
    with pytest.raises(ProblemError) as caught:
        await answer_vote(read(BALLOT), None, Sink(UnavailableError("Kafka is away")), polls)
    found = caught.value.problem
    assert (found.status, found.id) == (503, None)
    assert found.detail.endswith("retry with the same voter's token, the vote counts only once")


def test_without_its_key_a_poll_takes_no_votes_for_now() -> None:
    answer = problem(BALLOT | {"poll": WITHOUT_KEY}).answer()
    assert (answer.status, answer.headers) == (503, {"retry-after": "1"})


def test_a_vote_of_someone_who_voted_otherwise_says_when_that_was() -> None:
    found = invalid_vote_problem(VotedBeforeError(1_764_000_000_000)).problem
    assert (found.status, found.type) == (409, VoterProblem.VOTED_BEFORE)
    assert found.voted_at == "2025-11-24T16:00:00.000Z"


def test_a_poll_that_is_not_open_says_when_it_opens_or_closed() -> None:
    early, closed = (problem(IN_POLL | {"poll": poll}).problem for poll in (EARLY, CLOSED))
    assert (early.opens_at, early.closes_at) == ("2100-01-01T00:00:00.000Z", None)
    assert (closed.opens_at, closed.closes_at) == (None, "1970-01-01T00:00:30.000Z")
    assert early.title == "Poll not open yet"


def test_a_route_that_may_not_have_the_newest_event_takes_no_votes_in_polls() -> None:
    stale = trial_polls(now_ms() - FRESH_MS - 1)
    with pytest.raises(ProblemError) as caught:
        read_json_vote(json.dumps(IN_POLL).encode(), None, Route.HTTP, lambda: NEW_ID, stale)
    answer = caught.value.answer()
    assert (answer.status, answer.headers) == (503, {"retry-after": "1"})
    read_json_vote(json.dumps(GOOD).encode(), None, Route.HTTP, lambda: NEW_ID, stale)


async def test_a_vote_in_a_poll_that_was_stored_too_late_is_not_accepted() -> None:
    long_ago = now_ms() - DEFINITION.answer_within_ms - 1
    vote = msgspec.structs.replace(VOTE, poll=POLL, entry="blue", poll_event=4, cast_at_ms=long_ago)
    sink = Sink()
    with pytest.raises(ProblemError) as caught:
        await answer_vote(vote, None, sink, trial_polls(now_ms()))
    assert (caught.value.problem.status, caught.value.problem.id) == (503, vote.id)
    assert sink.votes == [vote]
    in_time = msgspec.structs.replace(vote, cast_at_ms=now_ms())
    assert (await answer_vote(in_time, None, sink, trial_polls(now_ms()))).status == 202
