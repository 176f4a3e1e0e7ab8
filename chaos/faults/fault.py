"""What a fault is, and what it can do to the system."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from harness.processes.waiting import wait_until
from harness.system.weakened import WeakenedSystem


class InterruptedFaultError(Exception):
    """The user ended the run while a fault was being injected."""


class FaultFailedError(Exception):
    """The system did not do what it must under this fault; the text says what."""


@dataclass
class Scene:
    """What a fault acts on; a new one for each injection."""

    system: WeakenedSystem
    random: Random
    long: bool
    interrupted: threading.Event = field(default_factory=threading.Event)
    recovery_started_at: float | None = None

    def wait(self, seconds: float) -> None:
        """Let time pass; raise InterruptedFaultError when the user ends the run."""
        if self.interrupted.wait(seconds):
            raise InterruptedFaultError

    def wait_a_moment(self, longest_seconds: float) -> None:
        """Let a random time pass."""
        self.wait(self.random.random() * longest_seconds)

    def wait_until(self, what: str, holds: Callable[[], bool], limit_seconds: float) -> None:
        """Return as soon as `holds()`; raise FaultFailedError after `limit_seconds`."""
        wait_until(what, holds, limit_seconds, error=FaultFailedError, pause=self.wait)

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
