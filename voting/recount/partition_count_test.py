from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.codec import decode_vote, encode_vote
from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route, Vote, partition_of
from voting.merkle.frontier import Frontier
from voting.recount.partition_count import Kind, LedgerGapError, PartitionCount
from voting.testing.examples import vote_with
from voting.testing.polls import POLL

PARTITIONS: Final = 12
ID: Final = vote_with().id
PARTITION: Final = partition_of(ID, PARTITIONS)
# Ids of one partition: they differ by multiples of the number of residues.
IDS: Final = [
    f"019ab3c4-5d6e-7f80-9a1b-{int('2c3d4e5f6071', 16) + number * 65521:012x}"
    for number in range(5)
]

type Record = tuple[bytes | None, bytes | None]


def record(vote: Vote) -> Record:
    return vote.id.encode(), encode_vote(vote)


def a_vote(vote_id: str = ID, poll: str = POLL, **fields: object) -> Vote:
    in_poll = {"poll": poll, "entry": "moon", "poll_event": 1} if poll else {}
    return vote_with(id=vote_id, **{**in_poll, **fields})


def counted(records: Sequence[Record]) -> tuple[PartitionCount, list[Kind]]:
    count = PartitionCount(POLL, PARTITION, PARTITIONS)
    return count, [count.take(offset, *one)[0] for offset, one in enumerate(records)]


def test_the_first_record_with_an_id_counts() -> None:
    count, kinds = counted([record(a_vote(rank=rank)) for rank in (5, 7, 9)])
    assert kinds == [Kind.COUNTS, Kind.COPY, Kind.COPY]
    assert count.tally == PollTally({"moon": EntryTally(1, 5)}, {Route.HTTP: 1})
    assert (count.copies, count.shadows) == (2, [])


def test_a_vote_in_another_poll_takes_the_id_too() -> None:
    others = [record(a_vote(poll="")), record(a_vote(IDS[1], poll="other"))]
    count, kinds = counted([*others, record(a_vote()), record(a_vote(IDS[1])), record(a_vote())])
    assert kinds == [Kind.OTHER, Kind.OTHER, Kind.COPY, Kind.COPY, Kind.COPY]
    assert count.tally == PollTally()
    assert (count.copies, count.shadows) == (3, [0, 1])


def test_a_later_vote_in_another_poll_takes_nothing() -> None:
    count, _ = counted([record(a_vote()), record(a_vote(poll="other")), record(a_vote())])
    assert (count.tally.votes, count.copies, count.shadows) == (1, 1, [])


@pytest.mark.parametrize(
    "garbage",
    [
        (None, None),
        (ID.encode(), None),
        (ID.encode(), b"\xff\xff"),
        (b"another key", encode_vote(a_vote())),
        record(a_vote("019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6072")),  # belongs into another partition
    ],
)
def test_what_is_no_vote_takes_no_id_but_is_a_leaf_of_the_tree(garbage: Record) -> None:
    count, kinds = counted([garbage, record(a_vote())])
    assert kinds == [Kind.OTHER, Kind.COUNTS]
    assert count.tree.size == 2


def test_classes_are_counted_apart_and_routes_together() -> None:
    votes = [a_vote(IDS[0]), a_vote(IDS[1], voter_class=1, route=Route.GRPC, rank=3)]
    count, _ = counted([record(vote) for vote in votes])
    assert count.tally == PollTally(
        {"moon": EntryTally(1, 29), "moon@1": EntryTally(1, 3)}, {Route.HTTP: 1, Route.GRPC: 1}
    )


@pytest.mark.parametrize("offset", [1, 3, 0])
def test_a_record_that_does_not_follow_the_last_one_stops_the_count(offset: int) -> None:
    count = PartitionCount(POLL, PARTITION, PARTITIONS)
    if offset != 1:
        count.take(0, None, None)
    with pytest.raises(LedgerGapError, match=f"has offset {offset} where"):
        count.take(offset, *record(a_vote()))


votes = st.builds(
    a_vote,
    st.sampled_from(IDS),
    st.sampled_from([POLL, "other", ""]),
    rank=st.integers(1, 100),
    route=st.sampled_from(Route),
)
records = st.lists(votes.map(record) | st.tuples(st.sampled_from([None, b"x"]), st.just(b"\xff")))


@given(records)
def test_any_sequence_of_records_gives_what_a_plain_recount_gives(found: list[Record]) -> None:
    count, _ = counted(found)
    first: dict[bytes, Vote] = {}
    in_poll = 0
    tree = Frontier()
    for offset, (key, value) in enumerate(found):
        hashes = sha256(key or b"").digest() + sha256(value or b"").digest()
        tree.append(sha256(b"\x00" + offset.to_bytes(8) + hashes).digest())
        if key in {None, b"x"} or value is None:
            continue
        vote = decode_vote(value)
        in_poll += vote.poll == POLL
        first.setdefault(vote.id.encode(), vote)
    ours = [vote for vote in first.values() if vote.poll == POLL]
    assert count.tally.votes == len(ours)
    assert sum(one.rank_sum for one in count.tally.entries.values()) == sum(v.rank for v in ours)
    for route in Route:
        expected = sum(vote.route is route for vote in ours)
        assert count.tally.routes.get(route, 0) == expected
    assert count.copies == in_poll - len(ours)
    assert count.tree.root() == tree.root()
