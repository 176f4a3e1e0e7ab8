from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from loadtest.driver.samples import Sample
from loadtest.model.answer import Outcome
from loadtest.model.checks import Reconciliation, TallyDifference
from loadtest.reconcile.cast_votes import CastVotes
from loadtest.reconcile.catch_up import CatchUp, CatchUpProgress
from loadtest.reconcile.reconciliation import reconcile
from loadtest.testing.examples import accepted, cast_votes, failed, logged
from voting.domain.tally import AlbumTally, Tally, tally_of
from voting.domain.vote import Route
from voting.stores.logged_vote import LoggedVote


class FakeLog:
    def __init__(self, votes: Sequence[LoggedVote]) -> None:
        self.votes = {vote.id: vote for vote in votes}

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        return {vote_id: self.votes[vote_id] for vote_id in ids if vote_id in self.votes}

    async def tally(self) -> Tally:
        return tally_of(logged.vote for logged in self.votes.values())

    async def count(self) -> int:
        return len(self.votes)


class FakeTallies:
    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    async def read(self) -> Tally:
        return self.tally


SAMPLES = [accepted(number) for number in range(50)]
LOGGED = [logged(sample) for sample in SAMPLES]
VOTES = [entry.vote for entry in LOGGED]


async def reconciled(
    samples: Sequence[Sample],
    log: Sequence[LoggedVote],
    tally: Tally | None,
    folder: Path,
    *,
    votes_before: int = 0,
) -> Reconciliation:
    return await reconcile(
        cast_votes(samples, folder),
        FakeLog(log),
        FakeTallies(tally_of(v.vote for v in log) if tally is None else tally),
        votes_before=votes_before,
        others_allowed=False,
    )


async def test_what_agrees_is_sound(tmp_path: Path) -> None:
    found = await reconciled(SAMPLES, LOGGED, None, tmp_path)
    assert (found.accepted, found.log_votes, found.tally_votes) == (50, 50, 50)
    damages = (found.lost, found.altered, found.repeated, found.refused_counted)
    assert [damage.count for damage in damages] == [0, 0, 0, 0]
    assert (found.difference_count, found.others, found.unknown) == (0, 0, 0)


async def test_a_lost_vote_is_named(tmp_path: Path) -> None:
    found = await reconciled(SAMPLES, LOGGED[1:], None, tmp_path)
    assert (found.lost.count, found.lost.ids) == (1, [LOGGED[0].id])


async def test_of_many_lost_votes_the_first_are_named(tmp_path: Path) -> None:
    found = await reconciled(SAMPLES, [], None, tmp_path)
    assert (found.lost.count, len(found.lost.ids)) == (50, 20)


@pytest.mark.parametrize(
    "changes", [{"rank": 99}, {"name": "X"}, {"album": "X"}, {"year": 1900}, {"route": Route.GRPC}]
)
async def test_an_altered_vote_is_named(changes: dict[str, object], tmp_path: Path) -> None:
    altered = [logged(SAMPLES[0], **changes), *LOGGED[1:]]
    found = await reconciled(SAMPLES, altered, None, tmp_path)
    assert (found.altered.count, found.altered.ids) == (1, [LOGGED[0].id])
    assert found.lost.count == 0


async def test_a_vote_counted_twice_shows_in_every_counter_of_it(tmp_path: Path) -> None:
    found = await reconciled(SAMPLES, LOGGED, tally_of([*VOTES, VOTES[3]]), tmp_path)
    vote = VOTES[3]
    name = f"{vote.name}: {vote.album} ({vote.year})"
    assert found.difference_count == 3
    assert found.differences == [
        TallyDifference("votes by route http", 50, 51),
        TallyDifference(f"votes of {name}", 1, 2),
        TallyDifference(f"rank sum of {name}", vote.rank, 2 * vote.rank),
    ]
    assert (found.log_votes, found.tally_votes) == (50, 51)


async def test_a_wrong_rank_sum_alone_is_found(tmp_path: Path) -> None:
    tally = tally_of(VOTES)
    key, album = next(iter(tally.albums.items()))
    tally.albums[key] = msgspec.structs.replace(album, rank_sum=album.rank_sum + 1)
    found = await reconciled(SAMPLES, LOGGED, tally, tmp_path)
    assert [difference.counter.split()[0] for difference in found.differences] == ["rank"]


async def test_an_album_that_only_the_tally_has_is_found(tmp_path: Path) -> None:
    tally = tally_of(VOTES)
    tally.albums["X", "Y", 2000] = AlbumTally("X", "Y", 2000, 1, 7)
    found = await reconciled(SAMPLES, LOGGED, tally, tmp_path)
    assert found.differences[0] == TallyDifference("votes of X: Y (2000)", 0, 1)


async def test_counters_of_a_poll_that_differ_are_named(tmp_path: Path) -> None:
    in_poll = {"poll": "best", "poll_event": 1}
    polled = [
        logged(sample, entry=f"e{number % 2}", **in_poll) for number, sample in enumerate(SAMPLES)
    ]
    assert (await reconciled(SAMPLES, polled, None, tmp_path)).difference_count == 0
    tally = tally_of(one.vote for one in polled)
    tally.poll("best").add("e1", 1, 7, Route.HTTP)
    ranks = tally_of(one.vote for one in polled).polls["best"].entries["e1"].rank_sum
    found = await reconciled(SAMPLES, polled, tally, tmp_path)
    assert found.differences == [
        TallyDifference("votes by route http in poll best", 50, 51),
        TallyDifference("votes of e1 in poll best", 25, 26),
        TallyDifference("rank sum of e1 in poll best", ranks, ranks + 7),
    ]
    assert (found.log_votes, found.tally_votes) == (50, 51)


async def test_positions_are_no_difference(tmp_path: Path) -> None:
    tally = tally_of(VOTES)
    tally.positions[0] = "49:x"
    assert (await reconciled(SAMPLES, LOGGED, tally, tmp_path)).difference_count == 0


async def test_an_id_given_to_two_votes_is_named(tmp_path: Path) -> None:
    twice = [*SAMPLES, SAMPLES[4]]
    found = await reconciled(twice, LOGGED, None, tmp_path)
    assert (found.repeated.count, found.repeated.ids) == (1, [LOGGED[4].id])
    assert found.others == 0


async def test_a_refused_vote_in_the_log_is_named(tmp_path: Path) -> None:
    refused = failed(60, Outcome.REFUSED, "422 Unprocessable Entity")
    found = await reconciled([*SAMPLES, refused], [*LOGGED, logged(refused)], None, tmp_path)
    assert (found.refused_counted.count, found.refused_counted.ids) == (1, [str(refused.id)])
    assert (await reconciled([*SAMPLES, refused], LOGGED, None, tmp_path)).lost.count == 0


async def test_votes_without_a_clear_answer_are_counted_separately(tmp_path: Path) -> None:
    unclear = [failed(number, Outcome.UNKNOWN, "timed out") for number in (60, 61)]
    nameless = msgspec.structs.replace(unclear[1], id=None)
    found = await reconciled(
        [*SAMPLES, *unclear, nameless], [*LOGGED, logged(unclear[0])], None, tmp_path
    )
    assert (found.unknown, found.unknown_counted, found.unknown_without_id) == (3, 1, 1)
    assert (found.lost.count, found.others) == (0, 0)


async def test_an_unclear_vote_must_still_be_the_one_that_was_sent(tmp_path: Path) -> None:
    unclear = failed(60, Outcome.UNKNOWN, "timed out")
    wrong = logged(unclear, rank=100)
    found = await reconciled([*SAMPLES, unclear], [*LOGGED, wrong], None, tmp_path)
    assert found.altered.ids == [wrong.id]


async def test_votes_of_others_are_counted_without_earlier_ones(tmp_path: Path) -> None:
    others = [logged(accepted(number)) for number in range(100, 105)]
    found = await reconciled(SAMPLES, [*LOGGED, *others], None, tmp_path, votes_before=3)
    assert found.others == 2


async def test_earlier_votes_that_disappeared_show(tmp_path: Path) -> None:
    assert (await reconciled(SAMPLES, LOGGED, None, tmp_path, votes_before=4)).others == -4


class Growing(FakeLog):
    """A log that a consumer fills: each read finds more votes."""

    def __init__(self, votes: Sequence[LoggedVote], step: int) -> None:
        super().__init__([])
        self._waiting = list(votes)
        self._step = step

    async def count(self) -> int:
        self._grow()
        return await super().count()

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        self._grow()
        return await super().find(ids)

    def _grow(self) -> None:
        arrived, self._waiting = self._waiting[: self._step], self._waiting[self._step :]
        self.votes |= {vote.id: vote for vote in arrived}


class Mirror(FakeTallies):
    """A tally that always agrees with a log."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log

    async def read(self) -> Tally:
        return await self._log.tally()


async def caught_up(log: FakeLog, cast: CastVotes, seen: list[CatchUpProgress]) -> Reconciliation:
    return await CatchUp(log, Mirror(log), 0.3, seen.append).reconcile(cast, 0, others_allowed=True)


async def test_it_waits_for_the_consumer(tmp_path: Path) -> None:
    seen: list[CatchUpProgress] = []
    found = await caught_up(Growing(LOGGED, step=20), cast_votes(SAMPLES, tmp_path), seen)
    assert found.lost.count == 0
    assert found.caught_up_after is not None
    assert [waiting.in_log for waiting in seen] == [20, 40, 50]


async def test_the_wait_ends_without_progress(tmp_path: Path) -> None:
    seen: list[CatchUpProgress] = []
    found = await caught_up(Growing(LOGGED[:49], 20), cast_votes(SAMPLES, tmp_path), seen)
    assert found.lost.ids == [LOGGED[49].id]
    assert found.caught_up_after is None


async def test_votes_of_others_are_not_taken_for_ours(tmp_path: Path) -> None:
    others = [logged(accepted(number)) for number in range(100, 150)]
    seen: list[CatchUpProgress] = []
    found = await caught_up(Growing([*others, *LOGGED], 30), cast_votes(SAMPLES, tmp_path), seen)
    assert seen[-1].in_log >= 50
    assert found.lost.count == 0
    assert found.others == 50
