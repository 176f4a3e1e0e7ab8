from bson.datetime_ms import DatetimeMS

from voting.domain.vote import CAST_AT_MAX_MS
from voting.stores.logged_vote import (
    LoggedVote,
    Place,
    PollEntry,
    cast_key,
    from_document,
    key_of,
    offset_in_key,
    parse_group_key,
    poll_cast_key,
    to_document,
)
from voting.testing.examples import VOTE, vote_with


def test_a_vote_is_read_back_from_its_document() -> None:
    document = to_document(VOTE, partition=2, offset=41, arrived_at_ms=7)
    assert from_document(document) == LoggedVote(VOTE, Place(2, 41), arrived_at_ms=7)


IN_POLL = vote_with(poll="best", entry="moon", poll_event=7)


def test_a_vote_in_a_poll_is_read_back_from_its_document() -> None:
    document = to_document(IN_POLL, partition=2, offset=41, arrived_at_ms=7)
    assert from_document(document) == LoggedVote(IN_POLL, Place(2, 41), arrived_at_ms=7)
    assert document.keys() - to_document(VOTE, 2, 41).keys() == {
        "poll",
        "entry",
        "poll_event",
        "arrived_at_ms",
    }


def test_the_class_of_a_voter_is_read_back_and_counted_apart() -> None:
    vote = vote_with(poll="best", entry="moon", poll_event=7, voter_class=3)
    document = to_document(vote, partition=2, offset=41, arrived_at_ms=7)
    assert document.keys() - to_document(IN_POLL, 2, 41).keys() == {"voter_class"}
    assert from_document(document) == LoggedVote(vote, Place(2, 41), arrived_at_ms=7)
    assert parse_group_key(document["group_key"]) == (PollEntry("best", "moon@3"), vote.route)


def test_the_document_of_a_vote_in_no_poll_is_that_of_every_version() -> None:
    assert to_document(VOTE, partition=2, offset=41, arrived_at_ms=7) == {
        "_id": VOTE.id,
        "name": "Pink Floyd",
        "album": "The Dark Side of the Moon",
        "year": 1973,
        "rank": 29,
        "route": "http",
        "cast_at": DatetimeMS(1_764_000_000_000),
        "cast_key": f"000000000000007:{VOTE.id}",
        "group_key": "Pink Floyd\x1fThe Dark Side of the Moon\x1f1973\x1fhttp",
        "partition": 2,
        "offset": 41,
    }


def test_votes_of_a_poll_sort_by_place_behind_all_of_the_open_poll() -> None:
    places = [Place(0, 9), Place(0, 10), Place(2, 0), Place(10, 0), Place(10, 2**63 - 1)]
    keys = [poll_cast_key("best", *place) for place in places]
    latest = cast_key((CAST_AT_MAX_MS, "ffffffff-ffff-4fff-bfff-ffffffffffff"))
    others = [poll_cast_key(poll, 0, 0) for poll in ("best-of", "beta")]
    everything = [latest, *keys]
    assert everything == sorted(everything)
    # No other poll's votes lie between.
    assert not [other for other in others if keys[0] < other < keys[-1]]
    assert [offset_in_key(key) for key in keys] == [place.offset for place in places]
    logged = LoggedVote(IN_POLL, Place(2, 0), arrived_at_ms=7)
    assert key_of(logged) == to_document(IN_POLL, 2, 0, 7)["cast_key"] == keys[2]


def test_the_group_key_of_a_vote_in_a_poll_leads_to_its_entry_and_route() -> None:
    key = to_document(IN_POLL, partition=0, offset=0)["group_key"]
    assert parse_group_key(key) == (PollEntry("best", "moon"), IN_POLL.route)


def test_a_vote_stored_when_the_routes_clocks_gave_the_order_keeps_its_place() -> None:
    vote = from_document(to_document(VOTE, partition=2, offset=41))
    assert vote.cursor == (VOTE.cast_at_ms, VOTE.id)


def test_cast_keys_sort_by_arrival_and_then_by_id() -> None:
    cursors = [(0, "a"), (9, "b"), (10, "a"), (10, "b"), (CAST_AT_MAX_MS, "a")]
    keys = [cast_key(cursor) for cursor in cursors]
    assert keys == sorted(keys)
    assert len({len(key) for key in keys}) == 1


def test_the_cursor_of_a_logged_vote_leads_to_its_document() -> None:
    document = to_document(vote_with(cast_at_ms=5), partition=0, offset=0, arrived_at_ms=6)
    assert cast_key(from_document(document).cursor) == document["cast_key"]


def test_the_group_key_of_a_document_leads_to_its_album_and_route() -> None:
    document = to_document(VOTE, partition=0, offset=0)
    album = (VOTE.name, VOTE.album, VOTE.year)
    assert parse_group_key(document["group_key"]) == (album, VOTE.route)
