import pytest

from voting.domain.tally import tally_of
from voting.stores.tally_fields import counter_fields, parse_tally, position_field
from voting.testing.examples import vote_with


def test_what_is_written_to_redis_is_read_back() -> None:
    tally = tally_of([vote_with(rank=3), vote_with(name="Björk", album="v:@1 / r:grpc")])
    fields = {field: str(count) for field, count in counter_fields(tally).items()}
    read = parse_tally(fields | {position_field(5): "17:some-id"})
    assert (read.albums, read.routes) == (tally.albums, tally.routes)
    assert read.positions == {5: "17:some-id"}


def test_an_empty_hash_is_an_empty_tally() -> None:
    tally = parse_tally({})
    assert (tally.albums, tally.routes, tally.positions, tally.votes) == ({}, {}, {}, 0)


def test_fields_of_other_kinds_are_ignored() -> None:
    assert parse_tally({"generation": "7", "r:http": "2"}).votes == 2


def test_a_counter_that_is_not_a_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        parse_tally({"r:http": "many"})
