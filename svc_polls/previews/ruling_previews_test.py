import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec
import pytest

from svc_polls.previews.ruling_previews import (
    CannotPreviewError,
    NotCountedYetError,
    Preview,
    RulingPreviews,
)
from voting.domain.tally import PollTally, entry_key, tally_of
from voting.domain.vote import Route, new_vote_id
from voting.ledger.errors import EndsUnknownError
from voting.polls.event import Approve, Change, Close, Cut, Open, Propose, Refuse
from voting.polls.excluded import Excluded, Rulings, exclusion_version
from voting.polls.poll import Poll
from voting.polls.ruling import Between, Lift, OfClass, VoteIds, rulings_in_force, vote_ids
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import LoggedVote, Place
from voting.stores.tally_exclusion import Exclusion, PollStandings
from voting.stores.vote_log_reader import StoredPosition
from voting.testing.examples import vote_with
from voting.testing.polls import CLASSES, POLL, PollLog
from voting.voters.rules import VoterRules

NOW: Final = 1_764_000_000_000
VOTES: Final = 30


class Trial:
    """A poll with votes of two classes, both stores, and a clock, in memory.

    Every third vote is of the jury. With `held`, no reading of the vote log ends.
    """

    def __init__(self) -> None:
        self.log = PollLog()
        self.log.define(NOW - 20_000, voters=VoterRules(scope="awards", key=1, classes=CLASSES))
        self.log.append(Open(), NOW - 10_000)
        self.votes = [
            LoggedVote(
                vote_with(
                    id=new_vote_id(0), poll=POLL, entry=("moon", "blue")[n % 2], rank=n + 1,
                    voter_class=int(n % 3 == 0), poll_event=2,
                ),
                Place(0, n),
                NOW - 5_000 + n,
            )
            for n in range(VOTES)
        ]  # fmt: skip
        self.now_ms = NOW + 2_000
        self.position, self.owner = VOTES - 1, "me"
        self.stored_version: int | None = None
        self.down: Exception | None = None
        self.tally_down: Exception | None = None
        self.held: asyncio.Event | None = None
        self.readings = 0
        self.previews = RulingPreviews(
            self, self, self.ends, lambda: self.now_ms, patience_seconds=5, longest_seconds=5
        )

    @property
    def poll(self) -> Poll:
        return self.log.book.polls[POLL]

    def ids(self, count: int, first: int = 0) -> VoteIds:
        return vote_ids(UUID(one.id).bytes for one in self.votes[first : first + count])

    def happens(self, *changes: Change) -> None:
        for number, change in enumerate(changes):
            recorded = self.log.append(change, NOW, author=("ana", "ben")[number % 2])
            assert recorded.refusal is None

    def rules(self, *selections: VoteIds | OfClass | Between | Lift) -> None:
        """Put rulings in force."""
        for selection in selections:
            number = len(self.poll.rulings) + 1
            self.happens(Propose(selection, "Bots"), Approve(number))

    async def preview(self, number: int | None = None) -> Preview:
        """Return that of the last proposal, or of this one."""
        at = len(self.poll.rulings) if number is None else number
        return await self.previews.of(self.poll, self.poll.rulings[at - 1])

    def excluded(self, poll: Poll) -> Excluded:
        """Judge each vote by itself."""
        rulings, found = Rulings(rulings_in_force(poll.rulings)), Excluded()
        for one in self.votes:
            number = rulings.on(UUID(one.id).bytes, one.vote.voter_class, one.arrived_at_ms)
            if number is not None:
                key = entry_key(one.vote.entry, one.vote.voter_class)
                found.of(number).add(key, 1, one.vote.rank, one.vote.route)
        return found

    async def ends(self) -> Sequence[int]:
        if self.down is not None:
            raise self.down
        return (VOTES,)

    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        self.readings += 1
        if self.held is not None:
            await self.held.wait()
        stored = StoredPosition(f"{self.position}:x", self.owner, 1)
        return dict.fromkeys(partitions, stored)

    def _between(self, after: int, upto: int) -> list[LoggedVote]:
        return [one for one in self.votes if after < one.place.offset <= upto]

    async def next_in_poll(self, _poll: str, _partition: int, after: int, upto: int) -> int | None:
        return next((one.place.offset for one in self._between(after, upto)), None)

    async def sum_up_poll(self, _poll: str, _partition: int, _after: int, _upto: int) -> PollTally:
        raise AssertionError("not needed")

    async def sum_up_arrived(
        self, _poll: str, _partition: int, after: int, upto: int, arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        sums: dict[tuple[str, Route], tuple[int, int]] = {}
        for one in self._between(after, upto):
            if arrived[0] <= one.arrived_at_ms < arrived[1]:
                key = entry_key(one.vote.entry, one.vote.voter_class), one.vote.route
                votes, rank_sum = sums.get(key, (0, 0))
                sums[key] = votes + 1, rank_sum + one.vote.rank
        return sums

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        return {one.id: one for one in self.votes if one.id in ids}

    async def poll_standings(self, poll: str, _keys: Sequence[str]) -> PollStandings:
        if self.tally_down is not None:
            raise self.tally_down
        counted = tally_of(one.vote for one in self.votes).poll(poll)
        version = exclusion_version(self.poll)
        if self.stored_version is not None:
            version = self.stored_version
        return PollStandings(counted, Exclusion(version, self.excluded(self.poll)))


async def test_a_proposal_takes_what_the_rulings_in_force_do_not() -> None:
    trial = Trial()
    trial.rules(OfClass(1), trial.ids(7))
    before = trial.excluded(trial.poll).total.votes
    for selection in (trial.ids(20), OfClass(0), Between(NOW - 5_000, NOW - 4_990), OfClass(1)):
        trial.happens(Propose(selection, "Bots"))
        number = len(trial.poll.rulings)
        taken, votes_now = await trial.preview()
        assert votes_now == VOTES - before
        trial.log.append(Approve(number), NOW, author="ben")
        of_number = trial.excluded(trial.poll).by_ruling.get(number, PollTally())
        assert taken == of_number
        trial.happens(Propose(Lift(number), "A mistake"), Approve(number + 1))
    assert taken == PollTally()


async def test_a_lift_gives_back_what_no_other_ruling_takes() -> None:
    trial = Trial()
    trial.rules(trial.ids(10), OfClass(1), Between(NOW - 5_000, NOW - 4_995))
    for number in (1, 2, 3):
        trial.happens(Propose(Lift(number), "A mistake"))
        before = trial.excluded(trial.poll).total.votes
        back, votes_now = await trial.preview()
        assert votes_now == VOTES - before
        lift = len(trial.poll.rulings)
        trial.log.append(Approve(lift), NOW, author="ben")
        assert back.votes == before - trial.excluded(trial.poll).total.votes
    assert trial.excluded(trial.poll) == Excluded()


async def test_it_is_counted_once_and_again_when_another_ruling_or_the_cut_may_change_it() -> None:
    trial = Trial()
    trial.happens(Propose(OfClass(0), "Bots"))
    assert (await trial.preview()).taken.votes == 20
    readings = trial.readings
    assert (await trial.preview()).taken.votes == 20
    assert trial.readings == readings
    trial.happens(Propose(trial.ids(3), "Sold"), Approve(2))
    assert (await trial.preview(1)).taken.votes == 18
    assert trial.readings > readings
    trial.happens(Propose(OfClass(1), "Jury"), Refuse(3))
    readings = trial.readings
    assert (await trial.preview(1)).taken.votes == 18
    assert trial.readings == readings
    trial.log.append(Close(None), NOW)
    trial.log.append(Cut((10,)), NOW + 60_000)
    assert (await trial.preview(1)).taken.votes == 4  # of ten votes, without the jury and three


async def test_it_waits_until_every_clock_is_past_the_proposal() -> None:
    trial = Trial()
    trial.happens(Propose(OfClass(0), "Bots"))
    trial.now_ms = NOW + 1_000
    with pytest.raises(NotCountedYetError):
        await trial.preview()
    assert trial.readings == 0
    trial.now_ms += 1
    assert (await trial.preview()).taken.votes == 20


async def test_a_request_does_not_wait_for_a_long_count() -> None:
    trial = Trial()
    trial.previews = RulingPreviews(
        trial, trial, trial.ends, lambda: trial.now_ms, patience_seconds=0.01
    )
    trial.held = asyncio.Event()
    trial.happens(Propose(OfClass(0), "Bots"), Propose(OfClass(1), "Jury"))
    for number in (1, 2, 1, 2):
        with pytest.raises(NotCountedYetError):
            await trial.preview(number)
    assert trial.readings == 1  # one at a time
    trial.held.set()
    for number, votes in ((1, 20), (2, 10)):
        found = None
        while found is None:
            try:
                found = await trial.preview(number)
            except NotCountedYetError:
                continue
        assert found.taken.votes == votes
    trial.held.clear()
    trial.happens(Propose(trial.ids(3), "Bots"))
    with pytest.raises(NotCountedYetError):
        await trial.preview()
    await trial.previews.close()


async def test_a_count_that_takes_too_long_is_ended_and_said_so() -> None:
    trial = Trial()
    trial.previews = RulingPreviews(
        trial, trial, trial.ends, lambda: trial.now_ms, longest_seconds=0.01
    )
    trial.held = asyncio.Event()
    trial.happens(Propose(OfClass(0), "Bots"))
    with pytest.raises(CannotPreviewError, match=r"counting took over 0\.01 s"):
        await trial.preview()


def _away(trial: Trial) -> None:
    trial.down = EndsUnknownError("no broker can be reached")


def _behind(trial: Trial) -> None:
    trial.position -= 2


def _tally_away(trial: Trial) -> None:
    trial.tally_down = StoreUnavailableError("Redis", OSError("away"))


def _old_tally(trial: Trial) -> None:
    trial.stored_version = 0


def _unreadable(trial: Trial) -> None:
    trial.tally_down = ValueError("what rulings take cannot be read")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (_away, "no broker can be reached"),
        (_behind, "the vote log lacks 2 records of partition 0"),
        (_tally_away, "away"),
        (_old_tally, "the tally does not know all rulings yet"),
        (_unreadable, "cannot be read"),
    ],
)
async def test_what_cannot_be_known_now_is_said_and_tried_again(
    fault: Callable[[Trial], None], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    trial = Trial()
    trial.rules(trial.ids(3))
    trial.happens(Propose(OfClass(0), "Bots"))
    fault(trial)
    with caplog.at_level(logging.INFO), pytest.raises(CannotPreviewError, match=said):
        await trial.preview()
    trial.down = trial.tally_down = trial.stored_version = None
    trial.position = VOTES - 1
    assert (await trial.preview()).taken.votes == 18


async def test_a_tally_that_is_being_filled_again_gives_no_number() -> None:
    trial = Trial()
    trial.rules(trial.ids(3))
    trial.happens(Propose(OfClass(0), "Bots"))
    excluded = trial.excluded(trial.poll)
    version = exclusion_version(trial.poll)

    class Emptied:
        async def poll_standings(self, _poll: str, _keys: Sequence[str]) -> PollStandings:
            return PollStandings(PollTally(), Exclusion(version, excluded))

    previews = RulingPreviews(trial, Emptied(), trial.ends, lambda: trial.now_ms)
    with pytest.raises(CannotPreviewError, match="the tally is being filled again"):
        await previews.of(trial.poll, trial.poll.rulings[-1])


async def test_of_two_lifts_of_a_ruling_the_second_has_nothing_to_give_back() -> None:
    trial = Trial()
    trial.rules(trial.ids(3))
    trial.happens(Propose(Lift(1), "A mistake"))
    trial.happens(Propose(Lift(1), "A mistake"))
    trial.log.append(Approve(2), NOW, author="ben")
    with pytest.raises(CannotPreviewError, match="ruling 1 is not in force"):
        await trial.preview(3)


async def test_only_the_newest_hundred_are_kept() -> None:
    trial = Trial()
    trial.happens(Propose(OfClass(0), "Bots"))
    [proposal] = trial.poll.rulings
    polls = [msgspec.structs.replace(trial.poll, id=f"poll-{number}") for number in range(101)]
    for poll in polls:
        await trial.previews.of(poll, proposal)
    readings = trial.readings
    await trial.previews.of(polls[100], proposal)
    assert trial.readings == readings
    await trial.previews.of(polls[0], proposal)
    assert trial.readings > readings
