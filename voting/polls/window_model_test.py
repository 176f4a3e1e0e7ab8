"""The end of a poll against time, clocks that differ, late news, full queues and two organisers.

A model of routes, Kafka and what cuts a poll, in which nothing is timely but what the protocol
itself ensures. Whatever the order of things: each accepted vote lies before the cut and was read
while the poll was open, in the final state of the log of polls.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, override

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from voting.polls.event import Change, Close, Cut, Define
from voting.polls.known_polls import KnownPoll, KnownPolls, PollRefusedError, StalePollsError
from voting.polls.poll import LEAD_MS, SKEW_MS, Poll
from voting.testing.polls import POLL, PollLog, with_changes

START: Final = 1_764_000_000_000
# Half of what clocks may differ, in either direction.
CLOCK_MS: Final = 500
ANSWER_WITHIN_MS: Final = 2_000

clocks = st.integers(-CLOCK_MS, CLOCK_MS)
pauses = st.sampled_from([1, 100, 600, 1_500, 4_000, 9_000])
# Moments at which something changes, relative to the end of the poll.
moments = st.sampled_from(
    [
        -LEAD_MS,
        -CLOCK_MS,
        0,
        CLOCK_MS,
        ANSWER_WITHIN_MS,
        ANSWER_WITHIN_MS + CLOCK_MS,
        ANSWER_WITHIN_MS + SKEW_MS,
        ANSWER_WITHIN_MS + SKEW_MS + CLOCK_MS,
    ]
)


@dataclass
class InFlight:
    """A vote that a route has read and not answered; `offset` once Kafka has it."""

    cast_at_ms: int
    offset: int | None = None


@dataclass
class Reader:
    """A process that follows the log of polls: a route, or what cuts."""

    clock_ms: int
    known: KnownPolls = field(default_factory=KnownPolls)
    position: int = 0  # records of the log read
    question: tuple[int, int] | None = None  # when the end was asked for, and what it was
    votes: list[InFlight] = field(default_factory=list)
    cut: bytes | None = None  # a cut that is written, but not yet in the log


class WindowModel(RuleBasedStateMachine):
    """Two routes and two instances of svc_polls around one log of polls and one of votes."""

    @initialize(times=st.tuples(clocks, clocks, clocks, clocks, clocks), end=st.booleans())
    def start(self, times: tuple[int, ...], end: bool) -> None:
        self.now = START
        self.kafka_clock_ms, *others = times
        self.routes = [Reader(clock) for clock in others[:2]]
        self.cutters = [Reader(clock) for clock in others[2:]]
        self.log = PollLog()
        self.votes = 0
        self.accepted: list[InFlight] = []
        opens, closes = START + 15_000, START + 40_000 if end else None
        self.write(
            Define(
                with_changes(
                    opens_at_ms=opens, closes_at_ms=closes, answer_within_ms=ANSWER_WITHIN_MS
                )
            )
        )
        self.now = opens + 2 * CLOCK_MS
        for reader in (*self.routes, *self.cutters):
            self.catch_up(reader)

    def write(self, change: Change) -> None:
        self.log.append(change, self.now + self.kafka_clock_ms)

    @property
    def poll(self) -> Poll:
        return self.log.book.polls[POLL]

    @rule(pause=pauses)
    def time_passes(self, pause: int) -> None:
        self.now += pause

    @rule(moment=moments, before=st.integers(0, 2))
    def the_end_comes(self, moment: int, before: int) -> None:
        if self.poll.closes_at_ms is not None:
            self.now = max(self.now, self.poll.closes_at_ms + moment - before)

    @rule(after=st.none() | st.sampled_from([0, 11_500, 15_000, 30_000]))
    def an_organiser_moves_the_end(self, after: int | None) -> None:
        self.write(Close(None if after is None else self.now + after))

    @rule(which=st.integers(0, 3), what=st.sampled_from(["event", "question", "answer", "all"]))
    def news_arrives(self, which: int, what: str) -> None:
        reader = (self.routes + self.cutters)[which]
        match what:
            case "event":
                self.read(reader, 1)
            case "question":
                reader.question = (self.now + reader.clock_ms, len(self.log.records))
            case "answer" if reader.question is not None:
                if reader.position >= reader.question[1]:
                    reader.known.prove(reader.question[0])
            case _:
                self.catch_up(reader)

    def read(self, reader: Reader, records: int) -> None:
        for value, appended_at_ms in self.log.records[reader.position :][:records]:
            reader.known.book.apply(value, appended_at_ms)
            reader.position += 1

    def catch_up(self, reader: Reader) -> None:
        asked_at_ms = self.now + reader.clock_ms
        self.read(reader, len(self.log.records))
        reader.known.prove(asked_at_ms)

    @rule(which=st.integers(0, 1))
    def a_vote_is_read(self, which: int) -> None:
        route = self.routes[which]
        cast_at_ms = self.now + route.clock_ms
        with suppress(StalePollsError, PollRefusedError):
            route.known.open_poll(POLL, cast_at_ms)
            route.votes.append(InFlight(cast_at_ms))

    @rule(which=st.integers(0, 1), index=st.integers(0, 3))
    def a_vote_moves_on(self, which: int, index: int) -> None:
        """Kafka appends it, or its acknowledgement reaches the route."""
        route = self.routes[which]
        if not route.votes:
            return
        vote = route.votes[index % len(route.votes)]
        if vote.offset is None:
            vote.offset = self.votes
            self.votes += 1
            return
        route.votes.remove(vote)
        now_ms = self.now + route.clock_ms
        if route.known.may_still_accept(POLL, vote.cast_at_ms, now_ms):
            self.accepted.append(vote)

    @rule(which=st.integers(0, 1), informed=st.booleans())
    def a_cut_moves_on(self, which: int, informed: bool) -> None:
        """The ends are read and the event is written, or the event reaches Kafka."""
        cutter = self.cutters[which]
        if cutter.cut is not None:
            record = (cutter.cut, self.now + self.kafka_clock_ms)
            self.log.records.append(record)
            self.log.book.apply(*record)
            cutter.cut = None
            return
        if informed:
            self.catch_up(cutter)
        poll = cutter.known.book.polls[POLL]
        if poll.cut is not None or poll.settled_at_ms is None:
            return
        if self.now + cutter.clock_ms >= poll.settled_at_ms:
            known = PollLog()
            known.book = cutter.known.book
            cutter.cut = known.next(Cut((self.votes,)))

    @invariant()
    def each_accepted_vote_is_in_the_result(self) -> None:
        if not hasattr(self, "log"):
            return
        poll = self.poll
        for vote in self.accepted:
            assert vote.offset is not None
            assert poll.is_open(vote.cast_at_ms)
            assert poll.cut is None or vote.offset < poll.cut[0]


TestWindow = WindowModel.TestCase
TestWindow.settings = settings(max_examples=300, stateful_step_count=50)


class NoLastCheck(KnownPolls):
    """Accepts whatever Kafka has, however late."""

    @override
    def may_still_accept(self, poll_id: str, cast_at_ms: int, now_ms: int) -> bool:
        return True


class LastCheckByTheEnd(KnownPolls):
    """Accepts votes until some time after the end, as far as the end is known."""

    @override
    def may_still_accept(self, poll_id: str, cast_at_ms: int, now_ms: int) -> bool:
        last_ms = self.book.polls[poll_id].last_answer_ms
        return last_ms is None or now_ms <= last_ms


class NeverStale(KnownPolls):
    """Judges votes by what it read last, however old that is."""

    @override
    def open_poll(self, poll_id: str, now_ms: int) -> KnownPoll:
        self.prove(now_ms)
        return super().open_poll(poll_id, now_ms)


def model_with(kind: type[KnownPolls], *, end: bool) -> WindowModel:
    """Return the model with an open poll and with routes that know polls in this way."""
    model = WindowModel()
    model.start((0, 0, 0, 0, 0), end)
    for route in model.routes:
        route.known, route.position = kind(), 0
        model.catch_up(route)
    return model


def an_answer_waits_until_after_the_cut(kind: type[KnownPolls]) -> WindowModel:
    model = model_with(kind, end=True)
    model.the_end_comes(0, 1)
    for reader in (*model.routes, *model.cutters):
        model.catch_up(reader)
    model.a_vote_is_read(0)
    model.the_end_comes(ANSWER_WITHIN_MS + SKEW_MS, 0)
    for _ in range(2):
        model.a_cut_moves_on(0, informed=True)
    for _ in range(2):
        model.a_vote_moves_on(0, 0)
    return model


def an_answer_waits_while_the_poll_is_closed_early(kind: type[KnownPolls]) -> WindowModel:
    model = model_with(kind, end=False)
    model.a_vote_is_read(0)
    model.an_organiser_moves_the_end(None)
    model.time_passes(LEAD_MS + ANSWER_WITHIN_MS + SKEW_MS)
    for _ in range(2):
        model.a_cut_moves_on(0, informed=True)
    for _ in range(2):
        model.a_vote_moves_on(0, 0)
    return model


def a_route_does_not_hear_of_an_early_end(kind: type[KnownPolls]) -> WindowModel:
    model = model_with(kind, end=False)
    model.an_organiser_moves_the_end(None)
    model.time_passes(LEAD_MS)
    model.a_vote_is_read(0)
    for _ in range(2):
        model.a_vote_moves_on(0, 0)
    return model


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        (an_answer_waits_until_after_the_cut, NoLastCheck),
        (an_answer_waits_while_the_poll_is_closed_early, LastCheckByTheEnd),
        (a_route_does_not_hear_of_an_early_end, NeverStale),
    ],
)
def test_the_model_finds_a_route_that_breaks_a_rule(
    scenario: Callable[[type[KnownPolls]], WindowModel], kind: type[KnownPolls]
) -> None:
    scenario(KnownPolls).each_accepted_vote_is_in_the_result()
    with pytest.raises(AssertionError):
        scenario(kind).each_accepted_vote_is_in_the_result()
