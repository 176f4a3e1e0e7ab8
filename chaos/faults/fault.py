"""What a fault is, and what it can do to the system."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from harness.organisers.organiser import Organiser
from harness.organisers.poll_schedule import PollSchedule
from harness.processes.waiting import wait_until
from harness.system.weakened import WeakenedSystem
from harness.voters.poll_window import PollWindow
from harness.voters.sent_votes import SentVotes
from voting.domain.vote import Route
from voting.service.clock_watch import now_ms

_ACKNOWLEDGED_SECONDS: Final = 30.0


class InterruptedFaultError(Exception):
    """The user ended the run while a fault was being injected."""


class FaultFailedError(Exception):
    """The system did not do what it must under this fault; the text says what."""


@dataclass
class Scene:
    """What a fault acts on; a new one for each injection.

    `organisers` ask the instances of svc_polls, one each; `schedule` defines their polls.
    """

    system: WeakenedSystem
    random: Random
    long: bool
    schedule: PollSchedule
    organisers: Sequence[Organiser]
    sent_votes: SentVotes
    interrupted: threading.Event = field(default_factory=threading.Event)
    recovery_started_at: float | None = None

    def wait(self, seconds: float) -> None:
        """Let time pass; raise InterruptedFaultError when the user ends the run."""
        if self.interrupted.wait(seconds):
            raise InterruptedFaultError

    def wait_for(self, time_ms: int) -> None:
        """Let time pass until this moment, a Unix time in milliseconds."""
        self.wait(max(0, time_ms - now_ms()) / 1000)

    def wait_a_moment(self, longest_seconds: float) -> None:
        """Let a random time pass."""
        self.wait(self.random.random() * longest_seconds)

    def wait_until(self, holds: Callable[[], bool], what: str, limit_seconds: float) -> None:
        """Return as soon as `holds()`; raise FaultFailedError after `limit_seconds`."""
        wait_until(holds, what, limit_seconds, error=FaultFailedError, pause=self.wait)

    @property
    def polls(self) -> list[PollWindow]:
        """The polls that people vote in."""
        return self.schedule.polls

    def next_end(self) -> tuple[PollWindow, int]:
        """Return the next poll to close and when; raise FaultFailedError if there is none."""
        now = now_ms()
        ends = [(p.closes_at_ms, p) for p in self.polls if (p.closes_at_ms or 0) > now]
        for end_ms, poll in sorted(ends, key=lambda found: found[0] or 0):
            if end_ms is not None:
                return poll, end_ms
        raise FaultFailedError("no poll is about to close")

    def must_acknowledge(self, route: Route) -> None:
        """Wait for an acknowledgement from a route; raise FaultFailedError if none comes."""
        now = time.monotonic()
        self.wait_until(
            lambda: self.sent_votes.acknowledged_since(route, now),
            f"votes over {route}",
            _ACKNOWLEDGED_SECONDS,
        )

    def start_recovery(self) -> None:
        """Time the recovery from now on: the fault does no more harm."""
        self.recovery_started_at = time.monotonic()


@dataclass(frozen=True)
class Fault:
    """Something that breaks on purpose, as it might in operation.

    `inject` breaks it and undoes that, within `limit_seconds`, in a thread of its own. An `idle`
    fault is injected while nobody votes and both stores have everything.
    """

    name: str
    what: str
    inject: Callable[[Scene], None]
    limit_seconds: float = 240.0
    idle: bool = False
