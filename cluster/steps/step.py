"""What every step of the test gets, and the row of the table with its result."""

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
from harness.organisers.organiser import Organiser
from harness.processes import waiting
from harness.processes.console import say
from harness.voters.poll_window import PollWindow
from harness.voters.sent_votes import SentVotes

_KUBECONFIG: Final = CONFIG / "admin.kubeconfig"


class StepError(Exception):
    """Something that must hold does not; the text says what was found instead."""


class StepContext(NamedTuple):
    """What a step works with: the cluster, the manifests, and the votes of all steps so far."""

    overlay: Path
    """The manifests under test, rendered: one YAML file."""
    gateway: Path
    """The same with an HTTPRoute instead of Ingress objects."""
    output: Path
    """Where reports go."""
    sent_votes: list[SentVotes]
    """What the voters of each step sent, and how it was answered."""
    others: SentVotes
    """Votes that a step cast without recording each: there are at most `anonymous` of them."""
    organisers: list[Organiser]
    """Who can change polls; nobody, until a step makes a token."""
    polls: list[PollWindow]
    """Polls in which the voters of the next steps vote, too."""

    async def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl in our namespace. Raises ClusterError with its error output."""
        return await asyncio.to_thread(
            kubectl, _KUBECONFIG, "--namespace", NAMESPACE, *arguments, stdin=stdin
        )

    async def get(self, *what: str) -> Any:
        """Return an object of the cluster, or a list's items."""
        found = json.loads(await self.kubectl("get", *what, "--output=json"))
        return found["items"] if found["kind"] == "List" else found


class Step(NamedTuple):
    """A part of the test: `run` returns its result in a few words, or raises."""

    name: str
    run: Callable[[StepContext], Awaitable[str]]
    essential: bool = False
    """Whether the steps after it depend on it."""


async def until(
    holds: Callable[[], Awaitable[bool]], what: str, limit_seconds: float, poll_seconds: float = 0.5
) -> None:
    """Return as soon as `holds()`. Raises StepError naming `what` after `limit_seconds`."""
    await waiting.until(
        holds, what, limit_seconds, error=StepError, longest_pause_seconds=poll_seconds
    )


class StepResult:
    """The result in the row of a step."""

    def __init__(self) -> None:
        """Begin empty and not failed."""
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
