from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.codec import decode_vote, encode_vote
from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route, Vote, partition_of
from voting.merkle.frontier import Frontier
from voting.polls.excluded import NO_RULINGS, Rulings
from voting.polls.ruling import Between, OfClass, Ruling, Selection, vote_ids
from voting.recount.partition_count import Kind, LedgerGapError, PartitionCount
from voting.testing.examples import vote_with
from voting.testing.polls import POLL

PARTITIONS: Final = 12
NOW: Final = 1_764_000_000_000
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


def counted(
    records: Sequence[Record], rulings: Rulings = NO_RULINGS
) -> tuple[PartitionCount, list[Kind]]:
    count = PartitionCount(POLL, PARTITION, PARTITIONS, rulings)
    return count, [count.take(offset, *one, NOW)[0] for offset, one in enumerate(records)]


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


def ruling(number: int, selection: Selection, proposed_at_ms: int = NOW) -> Ruling:
    return Ruling(
        number=number, selection=selection, reason="bots", author="ana", event=number,
        proposed_at_ms=proposed_at_ms, decided=9, decider="ben", approved=True,
    )  # fmt: skip


def test_a_ruling_excludes_a_vote_and_no_copy_takes_its_place() -> None:
    records = [record(a_vote(rank=rank)) for rank in (5, 7)]
    count, kinds = counted(records, Rulings([ruling(4, OfClass(0))]))
    assert kinds == [Kind.EXCLUDED, Kind.COPY]
    assert (
        count.tally
        == count.excluded.of(4)
        == PollTally({"moon": EntryTally(1, 5)}, {Route.HTTP: 1})
    )
    _, kinds = counted(records, Rulings([ruling(4, OfClass(0), NOW - 1)]))
    assert kinds == [Kind.COUNTS, Kind.COPY]


@pytest.mark.parametrize("offset", [1, 3, 0])
def test_a_record_that_does_not_follow_the_last_one_stops_the_count(offset: int) -> None:
    count = PartitionCount(POLL, PARTITION, PARTITIONS)
    if offset != 1:
        count.take(0, None, None, NOW)
    with pytest.raises(LedgerGapError, match=f"has offset {offset} where"):
        count.take(offset, *record(a_vote()), NOW)


of_voters = st.builds(
    lambda ids: vote_ids(UUID(one).bytes for one in ids),
    st.lists(st.sampled_from(IDS), min_size=1, max_size=3),
)
selections = of_voters | st.builds(OfClass, st.integers(0, 1)) | st.just(Between(1, NOW + 1))
votes = st.builds(
    a_vote,
    st.sampled_from(IDS),
    st.sampled_from([POLL, "other", ""]),
    rank=st.integers(1, 100),
    route=st.sampled_from(Route),
    voter_class=st.integers(0, 1),
)
records = st.lists(votes.map(record) | st.tuples(st.sampled_from([None, b"x"]), st.just(b"\xff")))


@given(records, st.lists(st.tuples(selections, st.integers(NOW - 1, NOW)), max_size=3))
def test_any_sequence_of_records_gives_what_a_plain_recount_gives(
    found: list[Record], ruled: list[tuple[Selection, int]]
) -> None:
    rulings = [ruling(number, *one) for number, one in enumerate(ruled, 1)]
    count, _ = counted(found, Rulings(rulings))
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
    reached = []
    for vote in ours:
        vote_id = UUID(vote.id).bytes
        numbers = [one.number for one in rulings if one.reaches(vote_id, vote.voter_class, NOW)]
        if numbers:
            reached.append((vote.rank, numbers[0]))
    taken = count.excluded.by_ruling
    assert taken.keys() == {number for _, number in reached}
    for number, tally in taken.items():
        assert tally.votes == sum(first == number for _, first in reached)
        ranks = sum(one.rank_sum for one in tally.entries.values())
        assert ranks == sum(rank for rank, first in reached if first == number)
