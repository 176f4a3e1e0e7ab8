"""Votes in polls, as a route reads and answers them."""

import json

import msgspec
import pytest

from voting.casting.ballot_memory import VotedBeforeError
from voting.casting.sink import UnavailableError
from voting.domain.vote import Route, check_new_vote
from voting.http.problem import ProblemError
from voting.polls.known_polls import NO_SUCH_ENTRY, RefusalKind
from voting.polls.poll import FRESH_MS
from voting.route.vote_api import answer_vote, invalid_vote_problem, read_json_vote
from voting.service.clock_watch import now_ms
from voting.testing.examples import VOTE
from voting.testing.json_votes import NEW_ID, SetSink, problem, read
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
from voting.testing.requests import GOOD, ID
from voting.voters.ballots import VoterProblem

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
        ({"id": ID}, 422, "id", None),
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
    assert problem(BALLOT, key=ID).problem.field == "id"


async def test_a_voter_tries_again_with_the_token_and_without_an_id() -> None:
    polls = trial_polls(now_ms())
    with pytest.raises(ProblemError) as caught:
        await answer_vote(read(BALLOT), None, SetSink(UnavailableError("Kafka is away")), polls)
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
    sink = SetSink()
    with pytest.raises(ProblemError) as caught:
        await answer_vote(vote, None, sink, trial_polls(now_ms()))
    assert (caught.value.problem.status, caught.value.problem.id) == (503, vote.id)
    assert sink.votes == [vote]
    in_time = msgspec.structs.replace(vote, cast_at_ms=now_ms())
    assert (await answer_vote(in_time, None, sink, trial_polls(now_ms()))).status == 202
