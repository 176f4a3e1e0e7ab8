import pytest

from voting.client.samples import poll_fields
from voting.domain.tally import PollTally, tally_of
from voting.domain.vote import Route
from voting.stores.tally_fields import (
    POLL_FIELDS,
    counter_fields,
    is_ours,
    parse_tally,
    poll_field_count,
    position_field,
)
from voting.testing.examples import vote_with


def test_what_is_written_to_redis_is_read_back() -> None:
    tally = tally_of([vote_with(rank=3), vote_with(name="Björk", album="v:@1 / r:grpc")])
    fields = {field: str(count) for field, count in counter_fields(tally).items()}
    read = parse_tally(fields | {position_field(5): "17:some-id"})
    assert (read.albums, read.routes) == (tally.albums, tally.routes)
    assert read.positions == {5: "17:some-id"}


def test_the_fields_of_the_open_poll_are_those_of_every_version() -> None:
    fields = counter_fields(tally_of([vote_with(rank=3)]))
    album = "Pink Floyd\x1fThe Dark Side of the Moon\x1f1973"
    assert fields == {"r:http": 1, f"v:{album}": 1, f"s:{album}": 3}
    assert position_field(5) == "@5"


def test_the_fields_of_a_poll_begin_with_it() -> None:
    fields = counter_fields(tally_of([vote_with(rank=3, poll="best", entry="moon", poll_event=1)]))
    assert fields == {"p:best\x1fr:http": 1, "p:best\x1fv:moon": 1, "p:best\x1fs:moon": 3}


def test_a_tally_with_polls_is_read_back() -> None:
    tally = tally_of([vote_with(rank=n + 1, **poll_fields(n)) for n in range(20)])
    counters = counter_fields(tally)
    fields = {field: str(count) for field, count in counters.items()}
    assert parse_tally({**fields, POLL_FIELDS: str(poll_field_count(fields))}) == tally
    assert all(is_ours(field) for field in (*fields, POLL_FIELDS, position_field(0)))


def test_fields_of_a_poll_that_a_newer_version_added_do_not_count() -> None:
    tally = parse_tally({"p:best\x1fx:moon": "7", "p:best\x1fr:http": "2", "p:best": "?"})
    assert tally.polls == {"best": PollTally({}, {Route.HTTP: 2})}


def test_an_empty_hash_is_an_empty_tally() -> None:
    tally = parse_tally({})
    assert (tally.albums, tally.routes, tally.positions, tally.votes) == ({}, {}, {}, 0)


def test_fields_of_other_kinds_are_ignored() -> None:
    assert parse_tally({"generation": "7", "r:http": "2"}).votes == 2


def test_a_counter_that_is_not_a_number_is_an_error() -> None:
    for field in ("r:http", "p:best\x1fv:moon"):
        with pytest.raises(ValueError, match="invalid literal"):
            parse_tally({field: "many"})
