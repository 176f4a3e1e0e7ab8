import pytest

from voting.stores.logged_vote import (
    CAST_AT_MAX_MS,
    LoggedVote,
    Place,
    arrival,
    cast_key,
    from_document,
    parse_group_key,
    to_document,
)
from voting.testing.examples import VOTE, vote_with


def test_a_vote_is_read_back_from_its_document() -> None:
    document = to_document(VOTE, partition=2, offset=41, arrived_at_ms=7)
    assert from_document(document) == LoggedVote(VOTE, Place(2, 41), arrived_at_ms=7)


def test_a_vote_stored_when_the_routes_clocks_gave_the_order_keeps_its_place() -> None:
    vote = from_document(to_document(VOTE, partition=2, offset=41))
    assert vote.cursor == (VOTE.cast_at_ms, VOTE.id)


@pytest.mark.parametrize("timestamp", [-1, CAST_AT_MAX_MS + 1])
def test_a_vote_arrived_when_it_was_cast_if_kafka_has_no_time(timestamp: int) -> None:
    assert arrival(VOTE, 0) == 0
    assert arrival(VOTE, CAST_AT_MAX_MS) == CAST_AT_MAX_MS
    assert arrival(VOTE, timestamp) == VOTE.cast_at_ms


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
