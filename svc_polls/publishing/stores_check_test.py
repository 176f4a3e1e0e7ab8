from collections.abc import Sequence
from typing import Final

import msgspec
import pytest

from svc_polls.publishing.stores_check import StoresCheck, StoresDifferError
from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route
from voting.polls.excluded import Excluded
from voting.polls.poll import Poll
from voting.polls.ruling import OfClass, Ruling
from voting.recount.final_result import LedgerCount
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import LoggedVote
from voting.stores.tally_exclusion import NOTHING_EXCLUDED, Exclusion, PollStandings
from voting.stores.vote_log_reader import StoredPosition
from voting.testing.polls import DEFINITION, POLL

CUT: Final = (10,)
POLL_CUT: Final = Poll(
    id=POLL, definition=DEFINITION, opens_at_ms=1, closes_at_ms=2, cut=CUT, defined=1, event=4
)


def moon(votes: int, rank_sum: int) -> PollTally:
    return PollTally({"moon": EntryTally(votes, rank_sum)}, {Route.HTTP: votes})


class Stores:
    """A vote log of one partition and a tally; the first `failures` readings fail."""

    def __init__(self, logged: PollTally, late: PollTally, live: PollTally) -> None:
        self.logged, self.late, self.live = logged, late, live
        self.position = 19
        self.failures = 0
        self.exclusion = NOTHING_EXCLUDED

    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        if self.failures > 0:
            self.failures -= 1
            raise StoreUnavailableError("MongoDB", OSError("away"))
        return {one: StoredPosition(f"{self.position}:id", "owner", 1) for one in partitions}

    async def next_in_poll(self, _poll: str, _partition: int, after: int, upto: int) -> int | None:
        starts = [one for one in (0, 10) if after < one <= upto]
        return starts[0] if starts else None

    async def sum_up_poll(self, _poll: str, _partition: int, after: int, _upto: int) -> PollTally:
        return self.logged if after < CUT[0] - 1 else self.late

    async def sum_up_arrived(
        self, _poll: str, _partition: int, after: int, _upto: int, _arrived: tuple[int, int]
    ) -> dict[tuple[str, Route], tuple[int, int]]:
        return {("moon", Route.HTTP): (1, 10)} if after < CUT[0] - 1 else {}

    async def find(self, _ids: Sequence[str]) -> dict[str, LoggedVote]:
        return {}

    async def poll_standings(self, _poll: str, _keys: Sequence[str]) -> PollStandings:
        return PollStandings(self.live, self.exclusion)

    async def compare(
        self, counted: PollTally, excluded: Excluded | None = None, poll: Poll = POLL_CUT
    ) -> None:
        count = LedgerCount(counted, 0, (), excluded or Excluded())
        await StoresCheck(self, self, pause_seconds=0).compare(poll, count)


async def test_stores_that_agree_pass_also_with_votes_behind_the_cut() -> None:
    await Stores(moon(5, 50), PollTally(), moon(5, 50)).compare(moon(5, 50))
    await Stores(moon(5, 50), moon(1, 7), moon(6, 57)).compare(moon(5, 50))


@pytest.mark.parametrize(
    ("stores", "said"),
    [
        (Stores(moon(4, 50), PollTally(), moon(5, 50)), "4 votes .* in the vote log"),
        (Stores(moon(5, 50), PollTally(), moon(5, 51)), "a rank sum of 51 in the tally"),
        (Stores(moon(5, 50), moon(1, 7), moon(5, 50)), "6 votes .* 5 votes .* in the tally"),
    ],
)
async def test_a_difference_stops_it_and_is_told(stores: Stores, said: str) -> None:
    with pytest.raises(StoresDifferError, match=f"moon: .*{said}"):
        await stores.compare(moon(5, 50))


async def test_a_store_that_is_away_for_a_moment_is_asked_again() -> None:
    stores = Stores(moon(5, 50), PollTally(), moon(5, 50))
    stores.failures = 9
    await stores.compare(moon(5, 50))
    stores.failures = 10
    with pytest.raises(StoresDifferError, match="away"):
        await stores.compare(moon(5, 50))


async def test_a_log_that_is_behind_the_cut_is_not_compared() -> None:
    stores = Stores(moon(5, 50), PollTally(), moon(5, 50))
    stores.position = 8
    with pytest.raises(StoresDifferError, match="lacks 1 records of partition 0"):
        await stores.compare(moon(5, 50))


RULING: Final = Ruling(
    number=1, selection=OfClass(0), reason="bots", author="ana", event=2, proposed_at_ms=5,
    decided=3, decider="ben", approved=True,
)  # fmt: skip
RULED: Final = msgspec.structs.replace(POLL_CUT, rulings=(RULING,))
VERSION: Final = 7


@pytest.mark.parametrize(
    ("version", "in_tally", "by_ledger", "said"),
    [
        (VERSION, moon(1, 10), moon(1, 10), ""),
        (VERSION - 1, moon(1, 10), moon(1, 10), "does not know all rulings yet"),
        (VERSION, moon(1, 10), moon(2, 20), "1 votes .* in the vote log, of what rulings exclude"),
        (VERSION, moon(1, 9), moon(1, 10), "sum of 9 in the tally, of what rulings exclude"),
    ],
)
async def test_what_rulings_take_is_compared(
    version: int, in_tally: PollTally, by_ledger: PollTally, said: str
) -> None:
    stores = Stores(moon(5, 50), PollTally(), moon(5, 50))
    stores.exclusion = Exclusion(version, Excluded({1: in_tally}))
    if not said:
        await stores.compare(moon(5, 50), Excluded({1: by_ledger}), RULED)
        return
    with pytest.raises(StoresDifferError, match=said):
        await stores.compare(moon(5, 50), Excluded({1: by_ledger}), RULED)


async def test_the_same_votes_taken_by_another_ruling_are_a_difference() -> None:
    stores = Stores(moon(5, 50), PollTally(), moon(5, 50))
    stores.exclusion = Exclusion(VERSION, Excluded({2: moon(1, 10)}))
    with pytest.raises(StoresDifferError, match="by the tally other rulings exclude"):
        await stores.compare(moon(5, 50), Excluded({1: moon(1, 10)}), RULED)
