import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from harness.processes.waiting import until
from svc_results.polls import poll_counts
from svc_results.polls.poll_counts import CONCURRENT_READS, KEPT_MAX, PollCounts
from svc_results.testing.polls import FakeCounts, counted
from voting.domain.tally import add_poll_tally
from voting.polls.excluded import Excluded, exclusion_version
from voting.polls.poll import Poll
from voting.polls.ruling import OfClass, Ruling
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_exclusion import Exclusion, PollStandings
from voting.testing.polls import DEFINITION, with_changes
from voting.voters.rules import VoterClass, VoterRules


def poll_of(name: str = "p", cut: tuple[int, ...] | None = None) -> Poll:
    return Poll(
        id=name,
        definition=DEFINITION,
        opens_at_ms=1,
        closes_at_ms=None,
        cut=cut,
        defined=1,
        event=1,
    )


@pytest.fixture
def stores() -> FakeCounts:
    return FakeCounts()


@pytest.fixture
async def counts(stores: FakeCounts) -> AsyncIterator[PollCounts]:
    counts = PollCounts(stores, stores.final_standings, 3600)
    yield counts
    await counts.close()


async def test_however_many_ask_a_poll_is_read_once(stores: FakeCounts, counts: PollCounts) -> None:
    stores.tallies["p"] = counted(blue=3)
    found = await asyncio.gather(*(counts.read(poll_of()) for _ in range(100)))
    await counts.read(poll_of())
    assert stores.asked == [("p", 3)]
    assert {one.result.votes for one in found} == {3}
    assert not found[0].final


async def test_every_class_of_voters_is_read(stores: FakeCounts, counts: PollCounts) -> None:
    classes = (VoterClass("audience"), VoterClass("jury", number=4))
    voters = VoterRules(scope="gala", key=1, classes=classes)
    definition = with_changes(voters=voters)
    poll = msgspec.structs.replace(poll_of(), definition=definition)
    stores.tallies["p"] = counted(blue=3)
    add_poll_tally(stores.tallies["p"], counted(4, moon=1))
    found = await counts.read(poll)
    assert stores.asked == [("p", 6)]
    assert [entry.class_votes for entry in found.result.entries] == [(3, 0), (0, 1), (0, 0)]


async def test_only_a_few_polls_are_read_at_a_time(stores: FakeCounts, counts: PollCounts) -> None:
    stores.held.clear()
    reading = [asyncio.create_task(counts.read(poll_of(f"p{n}"))) for n in range(20)]
    await until(lambda: len(stores.asked) == CONCURRENT_READS, "the first readings")
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(stores.asked) == CONCURRENT_READS
    stores.held.set()
    await asyncio.gather(*reading)
    assert len(stores.asked) == 20


async def test_a_reader_that_leaves_ends_nobody_elses_reading(
    stores: FakeCounts, counts: PollCounts
) -> None:
    stores.held.clear()
    first, second = (asyncio.create_task(counts.read(poll_of())) for _ in range(2))
    await until(lambda: stores.asked != [], "the reading")
    first.cancel()
    stores.held.set()
    assert (await second).result.votes == 0
    assert first.cancelled()


async def test_a_tally_that_hangs_is_unavailable(
    stores: FakeCounts, counts: PollCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_counts, "TIMEOUT_SECONDS", 0.01)
    stores.held.clear()
    with pytest.raises(StoreUnavailableError):
        await counts.read(poll_of())
    stores.held.set()
    assert (await counts.read(poll_of())).result.votes == 0


async def test_after_the_cut_the_result_is_summed_up_once(
    stores: FakeCounts, counts: PollCounts
) -> None:
    stores.tallies["p"] = counted(blue=4)  # one vote lies behind the cut
    stores.final["p"] = counted(blue=3)
    for _ in range(3):
        found = await counts.read(poll_of(cut=(7,)))
        assert (found.final, found.result.votes) == (True, 3)
    assert stores.summed == ["p"]
    assert stores.asked == []


async def test_until_the_log_has_passed_the_cut_the_result_so_far_is_shown(
    stores: FakeCounts, counts: PollCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_counts, "RETRY_SECONDS", 0)
    stores.tallies["p"] = counted(blue=4)
    assert not (await counts.read(poll_of(cut=(7,)))).final
    stores.final["p"] = counted(blue=3)
    assert (await counts.read(poll_of(cut=(7,)))).final


async def test_a_log_that_cannot_be_read_is_asked_again_after_a_pause(
    stores: FakeCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll_counts, "RETRY_SECONDS", 3600)
    tries = 0

    async def unreadable(*_: object) -> PollStandings:
        nonlocal tries
        tries += 1
        raise ValueError("not a position")

    counts = PollCounts(stores, unreadable, 3600)
    for _ in range(3):
        assert not (await counts.read(poll_of(cut=(7,)), patience_seconds=0.01)).final
    assert tries == 1
    await counts.close()


async def test_results_kept_are_bounded(stores: FakeCounts, counts: PollCounts) -> None:
    for number in range(KEPT_MAX + 1):
        stores.final[f"p{number}"] = counted(blue=number)
        await counts.read(poll_of(f"p{number}", cut=(7,)))
    await counts.read(poll_of(f"p{KEPT_MAX}", cut=(7,)))
    assert len(stores.summed) == KEPT_MAX + 1
    assert (await counts.read(poll_of("p0", cut=(7,)))).final
    assert len(stores.summed) == KEPT_MAX + 2


def ruled(poll: Poll, approved: int) -> Poll:
    """Return the poll with a ruling in force."""
    ruling = Ruling(
        number=1, selection=OfClass(0), reason="bots", author="ana", event=2, proposed_at_ms=5,
        decided=approved, decider="ben", approved=True,
    )  # fmt: skip
    return msgspec.structs.replace(poll, rulings=(ruling,))


async def test_what_rulings_take_is_left_out(stores: FakeCounts, counts: PollCounts) -> None:
    stores.tallies["p"] = counted(blue=3, moon=1)
    stores.exclusions["p"] = Exclusion(6, Excluded({1: counted(blue=2, moon=1, stray=0)}))
    found = await counts.read(ruled(poll_of(), 3))
    assert (found.result.votes, found.exclusion.excluded.total.votes) == (1, 3)
    assert found.exclusion.version == exclusion_version(ruled(poll_of(), 3))


async def test_more_excluded_than_counted_cannot_be_read(
    stores: FakeCounts, counts: PollCounts
) -> None:
    stores.exclusions["p"] = Exclusion(6, Excluded({1: counted(blue=2)}))
    with pytest.raises(ValueError, match="excluded than counted"):
        await counts.read(poll_of())


async def test_a_ruling_after_the_cut_changes_the_final_result(
    stores: FakeCounts, counts: PollCounts
) -> None:
    stores.final["p"] = counted(blue=3)
    poll = poll_of(cut=(7,))
    assert (await counts.read(poll)).result.votes == 3
    stores.exclusions["p"] = Exclusion(7, Excluded({1: counted(blue=2)}))
    for _ in range(2):
        found = await counts.read(ruled(poll, 3))
        assert (found.result.votes, found.final) == (1, True)
    assert stores.summed == ["p", "p"]
