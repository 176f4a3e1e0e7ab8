"""Polls for tests: their log in memory, and counts that a test sets."""

import asyncio
from collections.abc import Sequence
from typing import Any

from svc_results.polls.audience import Audience
from svc_results.polls.followed_polls import FollowedPolls
from svc_results.polls.poll_counts import PollCounts
from svc_results.polls.poll_feeds import PollFeeds
from svc_results.polls.published_results import PublishedResults
from voting.domain.tally import EntryTally, PollTally, entry_key
from voting.domain.vote import Route
from voting.polls.event import Change, Cut, Open, Publish
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll
from voting.stores.errors import StoreUnavailableError
from voting.stores.poll_result import NotFinalYetError
from voting.stores.tally_exclusion import NOTHING_EXCLUDED, Exclusion, PollStandings
from voting.testing.polls import PollLog

REFRESH_SECONDS = 0.02
PUBLIC_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


class FakeCounts:
    """Counts of polls, before the cut and in the tally, which can be unavailable."""

    def __init__(self) -> None:
        self.tallies: dict[str, PollTally] = {}
        self.final: dict[str, PollTally] = {}
        self.exclusions: dict[str, Exclusion] = {}
        self.asked: list[tuple[str, int]] = []
        self.summed: list[str] = []
        self.away = False
        self.held = asyncio.Event()
        self.held.set()

    async def poll_standings(self, poll: str, keys: Sequence[str]) -> PollStandings:
        """Return what the tally has."""
        self.asked.append((poll, len(keys)))
        await self.held.wait()
        if self.away:
            raise StoreUnavailableError("Redis", OSError("refused"))
        exclusion = self.exclusions.get(poll, NOTHING_EXCLUDED)
        return PollStandings(self.tallies.get(poll, PollTally()), exclusion)

    async def final_standings(self, poll: Poll) -> PollStandings:
        """Return what counts for good."""
        self.summed.append(poll.id)
        if poll.id not in self.final:
            raise NotFinalYetError("the vote log lacks 1 record of partition 0")
        exclusion = self.exclusions.get(poll.id, NOTHING_EXCLUDED)
        return PollStandings(self.final[poll.id], exclusion)


class FakeAudience(Audience):
    """The audience of polls in memory; `clock` is the time, in Unix milliseconds."""

    def __init__(self, now_ms: int = 100_000) -> None:
        self.log, self.counted = PollLog(), FakeCounts()
        self.known = KnownPolls()
        self.known.book = self.log.book
        self.clock = [now_ms]
        polls = FollowedPolls(self.known, lambda: self.clock[0])
        counts = PollCounts(self.counted, self.counted.final_standings, REFRESH_SECONDS)
        super().__init__(polls, counts, PollFeeds(polls, counts, REFRESH_SECONDS))
        self.published = PublishedResults(PUBLIC_KEY)
        self.prove()

    def publish(self, poll: str, note: bytes, at_ms: int, **definition: Any) -> None:
        """Let there be a poll that was open at this time, is cut, and has a published result."""
        self.log.define(at_ms, poll=poll, closes_at_ms=at_ms + 20_000, **definition)
        changes: list[tuple[Change, int]] = [(Open(), 0), (Cut((1,)), 60_000)]
        for change, later_ms in [*changes, (Publish(note), 60_000)]:
            recorded = self.log.append(change, at_ms + later_ms, poll)
            self.published.take(self.log.records[-1][0], recorded)

    def prove(self) -> None:
        """Note that all events are known now."""
        self.known.prove(self.clock[0])

    def at(self, now_ms: int) -> None:
        """Let it be this time, with all events known."""
        self.clock[0] = now_ms
        self.prove()


def counted(voter_class: int = 0, /, **votes: int) -> PollTally:
    """Return a tally of votes of this class in which every vote has rank 50."""
    entries = {
        entry_key(entry, voter_class): EntryTally(count, 50 * count)
        for entry, count in votes.items()
    }
    return PollTally(entries, {Route.HTTP: sum(votes.values())})
