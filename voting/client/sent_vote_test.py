"""Votes as clients send them."""

import msgspec
import pytest

from voting.client.samples import sample_to_send, sample_vote
from voting.client.sent_vote import SentVote, request_body, vote_request
from voting.domain.vote import Route, check_new_vote, content_of
from voting.route.vote_api import read_json_vote
from voting.service.clock_watch import now_ms
from voting.testing.polls import ENTRIES, POLL, trial_polls, voter_token

VOTE = sample_vote()


def test_the_sample_keeps_every_rule() -> None:
    assert check_new_vote(VOTE) == VOTE


def test_a_route_reads_the_vote_that_was_sent() -> None:
    sent = SentVote.of(VOTE)
    read = read_json_vote(request_body(sent), None, Route.HTTP, lambda: "", trial_polls(now_ms()))
    assert (read.id, content_of(read)) == (VOTE.id, content_of(VOTE))
    assert sent.is_logged_as(read)


def test_without_an_id_the_service_makes_it() -> None:
    read = read_json_vote(
        request_body(sample_to_send()), None, Route.HTTP, lambda: "made", trial_polls(now_ms())
    )
    assert read.id == "made"


def test_a_request_announces_the_length_of_its_body() -> None:
    head, _, body = vote_request("a:80", sample_to_send(album="Ágætis byrjun")).partition(
        b"\r\n\r\n"
    )
    assert b"host: a:80" in head
    assert b"content-length: %d" % len(body) in head
    assert msgspec.json.decode(body)["album"] == "Ágætis byrjun"


@pytest.mark.parametrize(
    "other",
    [
        {"name": "Pink"},
        {"album": "Animals"},
        {"year": 1974},
        {"rank": 30},
        {"route": Route.GRPC},
        {"poll": "best", "entry": "moon", "poll_event": 1},
    ],
)
def test_an_altered_vote_is_not_logged_as_it_was_sent(other: dict[str, object]) -> None:
    assert not SentVote.of(VOTE).is_logged_as(sample_vote(**other))


def test_a_route_reads_the_vote_in_a_poll_that_was_sent() -> None:
    blue = ENTRIES[2]
    fields = {"name": blue.name, "album": blue.album, "year": blue.year, "entry": blue.id}
    sent = sample_to_send(id=VOTE.id, poll=POLL, **fields)
    read = read_json_vote(request_body(sent), None, Route.HTTP, lambda: "", trial_polls(now_ms()))
    assert (read.id, read.poll, read.entry) == (VOTE.id, POLL, "blue")
    assert sent.is_logged_as(read)


def test_a_vote_in_a_poll_names_its_entry_and_no_album() -> None:
    sent = sample_to_send(poll="best", entry="moon")
    assert msgspec.json.decode(request_body(sent)) == {"poll": "best", "entry": "moon", "rank": 29}


@pytest.mark.parametrize("other", [{"poll": "worst"}, {"entry": "blue"}, {"poll": "", "entry": ""}])
def test_a_vote_counted_elsewhere_is_not_logged_as_it_was_sent(other: dict[str, object]) -> None:
    in_poll = {"poll": "best", "entry": "moon", "poll_event": 1}
    sent = SentVote.of(sample_vote(**in_poll))
    assert sent.is_logged_as(sample_vote(**in_poll))
    assert not sent.is_logged_as(sample_vote(**{**in_poll, **other}))


def test_a_vote_counted_in_another_class_is_not_logged_as_it_was_sent() -> None:
    in_poll = {"poll": "best", "entry": "moon"}
    sent = sample_to_send(voter=voter_token(voter_class=3), **in_poll)
    logged = [sample_vote(poll_event=1, voter_class=number, **in_poll) for number in (0, 3)]
    assert [sent.is_logged_as(vote) for vote in logged] == [False, True]


def test_any_route_may_have_logged_a_vote_whose_route_is_unknown() -> None:
    sent = sample_to_send(id=VOTE.id)
    assert all(sent.is_logged_as(sample_vote(route=route)) for route in Route)
