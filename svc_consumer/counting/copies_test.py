from svc_consumer.counting.copies import CopyKind, delta, first_copies, judge, kind_of_copy
from svc_consumer.ledger.records import Copy
from svc_consumer.testing.fakes import PARTITION, a_vote
from voting.domain.vote import Route
from voting.stores.logged_vote import Place


def test_the_first_copy_of_a_vote_in_a_batch_is_kept() -> None:
    vote = a_vote()
    later = a_vote(vote.id, album="News of the World")
    first = first_copies([Copy(4, vote), Copy(5, a_vote()), Copy(6, later)])
    assert first[vote.id] == Copy(4, vote)
    assert len(first) == 2


def test_the_copy_in_the_log_is_recognised_when_read_again() -> None:
    assert kind_of_copy(PARTITION, 7, Place(PARTITION, 7)) is CopyKind.SAME


def test_a_later_copy_is_a_duplicate() -> None:
    assert kind_of_copy(PARTITION, 7, Place(PARTITION, 6)) is CopyKind.DUPLICATE


def test_a_copy_before_the_one_in_the_log_is_the_first() -> None:
    assert kind_of_copy(PARTITION, 7, Place(PARTITION, 8)) is CopyKind.FIRST


def test_a_copy_in_another_partition_than_the_logged_one_is_a_duplicate() -> None:
    assert kind_of_copy(PARTITION, 7, Place(PARTITION - 1, 8)) is CopyKind.DUPLICATE


def test_votes_that_are_new_to_the_log_win() -> None:
    copies = first_copies([Copy(0, a_vote()), Copy(1, a_vote())])
    winners, to_rewrite = judge(PARTITION, copies, {})
    assert winners == list(copies.values())
    assert not to_rewrite


def test_duplicates_do_not_win_and_earlier_copies_are_rewritten() -> None:
    same, duplicate, first = Copy(5, a_vote()), Copy(6, a_vote()), Copy(7, a_vote())
    logged = {
        same.vote.id: Place(PARTITION, 5),
        duplicate.vote.id: Place(PARTITION, 2),
        first.vote.id: Place(PARTITION, 9),
    }
    judgement = judge(PARTITION, first_copies([same, duplicate, first]), logged)
    assert judgement.winners == [same, first]
    assert judgement.to_rewrite == [first]


def test_only_winners_beyond_the_position_of_the_tally_are_added() -> None:
    winners = [
        Copy(3, a_vote(rank=10)),
        Copy(4, a_vote(rank=20, route=Route.HTTP)),
        Copy(5, a_vote(rank=40)),
    ]
    added = delta(winners, after=3)
    assert added.routes == {Route.HTTP: 1, Route.GRPC: 1}
    assert [(album.votes, album.rank_sum) for album in added.albums.values()] == [(2, 60)]
