"""What a step of the test is given, and the row of the table that shows what it found."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from cluster.common.places import CONFIG
from cluster.kubectl import kubectl
from cluster.steps.names import NAMESPACE
from harness.processes import waiting
from harness.processes.console import say
from harness.voters.sent_votes import SentVotes

_KUBECONFIG: Final = CONFIG / "admin.kubeconfig"


class StepError(Exception):
    """Something that must hold does not; the text says what was found instead."""


class World(NamedTuple):
    """The running cluster, seen from inside its network, and what is known of the votes so far."""

    overlay: Path
    """The manifests under test, rendered: one YAML file."""
    gateway: Path
    """The same with an HTTPRoute instead of Ingress objects."""
    output: Path
    """Where reports go."""
    sent_votes: list[SentVotes]
    """What the voters of each step sent, and how it was answered."""
    others: SentVotes
    """Votes that a step cast without remembering each: `anonymous` says how many there can be."""

    async def kubectl(self, *arguments: str, given: str = "") -> str:
        """Run kubectl in our namespace. Raises ClusterError with its words when it fails."""
        return await asyncio.to_thread(
            kubectl, _KUBECONFIG, "--namespace", NAMESPACE, *arguments, given=given
        )

    async def get(self, *what: str) -> Any:
        """Return an object of the cluster, or a list's items."""
        found = json.loads(await self.kubectl("get", *what, "--output=json"))
        return found["items"] if found["kind"] == "List" else found


class Step(NamedTuple):
    """A part of the test: it returns what it saw in a few words, or raises."""

    name: str
    run: Callable[[World], Awaitable[str]]
    essential: bool = False
    """Whether the steps after it make no sense without it."""


async def until(
    what: str, holds: Callable[[], Awaitable[bool]], limit_seconds: float, poll_seconds: float = 0.5
) -> None:
    """Return as soon as `holds()`. Raises StepError naming `what` after `limit_seconds`."""
    await waiting.until(
        holds, what, limit_seconds, error=StepError, longest_pause_seconds=poll_seconds
    )


class StepResult:
    """What the row of a step will say."""

    def __init__(self) -> None:
        """Begin with nothing found, and nothing wrong."""
        self.found = ""
        self.failed = False


def heading() -> None:
    """Print the heading of the table."""
    say(f"\n{'step':20} {'result':6} {'time':>9}  details")


@contextmanager
def row(step: str) -> Iterator[StepResult]:
    """Print the row of a step at its end, with the time that it took."""
    began, filled = time.monotonic(), StepResult()
    try:
        yield filled
    except BaseException:
        filled.failed = True
        raise
    finally:
        result = "FAILED" if filled.failed else "ok"
        say(f"{step:20} {result:6} {time.monotonic() - began:7.1f} s  {filled.found}")
