"""What a fault is, and what it can do to the system."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from harness.processes.waiting import wait_until
from harness.system.weakened import WeakenedSystem


class InterruptedFaultError(Exception):
    """A person ended the run while a fault was at work."""


class FaultFailedError(Exception):
    """The system did not do what it must under this fault; the text says what."""


@dataclass
class Scene:
    """Where a fault happens; one for each time that one is injected."""

    system: WeakenedSystem
    random: Random
    long: bool
    interrupted: threading.Event = field(default_factory=threading.Event)
    healed_at: float | None = None

    def wait(self, seconds: float) -> None:
        """Let time pass; raise InterruptedFaultError when a person ends the run."""
        if self.interrupted.wait(seconds):
            raise InterruptedFaultError

    def wait_a_moment(self, longest_seconds: float) -> None:
        """Let a random time pass."""
        self.wait(self.random.random() * longest_seconds)

    def wait_until(self, what: str, holds: Callable[[], bool], limit_seconds: float) -> None:
        """Return as soon as `holds()`; raise FaultFailedError after `limit_seconds`."""
        wait_until(what, holds, limit_seconds, error=FaultFailedError, pause=self.wait)

    def healing(self) -> None:
        """Say that from now on the system is left in peace: recovery is timed from here."""
        self.healed_at = time.monotonic()


@dataclass(frozen=True)
class Fault:
    """Something that a real event brings.

    `inject` does it and undoes it, within `limit_seconds`; it runs in a thread of its own.
    An `idle` one happens while nobody votes and both stores have everything.
    """

    name: str
    what: str
    inject: Callable[[Scene], None]
    limit_seconds: float = 240.0
    idle: bool = False
