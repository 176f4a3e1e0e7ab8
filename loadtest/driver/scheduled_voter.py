"""A Locust user that votes at the times of the phase's schedule and records the answers."""

import time
from random import Random
from uuid import UUID

import gevent
from gevent.event import Event
from locust import task
from locust.exception import StopUser

from loadtest.driver.catalogue import Ballots, Choice
from loadtest.driver.electorate import Ballot, Electorate
from loadtest.driver.samples import Sample, SampleWriter
from loadtest.driver.voter import VoteUser, new_client_id
from loadtest.model.answer import Outcome
from loadtest.model.arrivals import Arrival, Arrivals
from loadtest.model.phase import Phase


class PhaseState:
    """What the users of a phase share: the clock, the schedule, the samples and the counts."""

    def __init__(
        self,
        phase: Phase,
        arrivals: Arrivals,
        ballots: Ballots,
        connections: Random,
        writer: SampleWriter,
        electorate: Electorate | None = None,
    ) -> None:
        self._warm_up = phase.warm_up
        self._client_ids = phase.client_ids
        self._fresh_share = phase.fresh_share
        self._connections = connections
        self._writer = writer
        self._electorate = electorate
        self._zero: float | None = None  # the start of the measurement on perf_counter's clock
        self._begun = Event()
        self.arrivals = arrivals
        self.ballots = ballots
        self.sent = 0
        self.accepted = 0

    def begin(self) -> None:
        """Start the clock; users wait for it, so that all are ready when the schedule starts."""
        self._zero = time.perf_counter() + self._warm_up
        self._begun.set()

    def wait_for_begin(self) -> None:
        """Return when the clock has started."""
        self._begun.wait()

    def now(self) -> float:
        """Return the seconds since the start of the measurement, negative in the warm-up."""
        return -self._warm_up if self._zero is None else time.perf_counter() - self._zero

    def new_id(self) -> UUID | None:
        """Return the id for the next vote, None when the service is to make it."""
        return new_client_id() if self._client_ids else None

    def new_ballot(self, entry: str) -> Ballot | None:
        """Return the ballot for the next vote, None in a poll without voters."""
        return self._electorate.ballot(entry) if self._electorate else None

    def takes_fresh_connection(self) -> bool:
        """Return whether the next vote has a connection of its own.

        Users take turns, and so may the routes: votes of one user alone could all get the same.
        """
        return self._connections.random() < self._fresh_share

    def record(self, sample: Sample) -> None:
        """Write one sample and count it."""
        self._writer.write(sample)
        self.sent += 1
        self.accepted += sample.answer.outcome is Outcome.ACCEPTED


class ScheduledVoter(VoteUser):
    """Takes an arrival from the shared schedule, waits for its time, votes, and repeats."""

    abstract = True
    state: PhaseState

    _arrival: Arrival | None = None
    _choice: Choice

    def wait_time(self) -> float:
        """Return the seconds to the next arrival; end this user when there is none."""
        now = self.state.now()
        self._arrival = self.state.arrivals.take(now)
        if self._arrival is None:
            raise StopUser
        self._choice = self.state.ballots.draw()
        return max(0.0, self._arrival.at - now)

    @task
    def vote(self) -> None:
        """Cast the vote whose time has come."""
        if self._arrival is None:  # Locust calls a task before it asks for the first wait
            self.state.wait_for_begin()
            return
        while (early := self._arrival.at - self.state.now()) > 0:
            gevent.sleep(early)
        self.state.record(self._cast(self._arrival, self._choice))

    def _cast(self, arrival: Arrival, choice: Choice) -> Sample:
        ballot = self.state.new_ballot(self.catalogue.albums[choice.album].entry)
        vote_id = self.state.new_id() if ballot is None else UUID(ballot.id)
        fresh = self.state.takes_fresh_connection()
        sent = self.state.now()
        answer = self.cast_vote(choice, vote_id, ballot, fresh=fresh)
        return Sample(
            at=arrival.at,
            lag=sent - arrival.at,
            latency=self.state.now() - arrival.at,
            queued=arrival.queued,
            fresh=fresh,
            album=choice.album,
            rank=choice.rank,
            id=vote_id or answer.id,
            answer=answer,
        )
