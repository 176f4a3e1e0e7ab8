"""What every step of the test gets: the cluster, the manifests and the votes so far."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from cluster.common.places import CONFIG
from cluster.kubectl import kubectl
from cluster.tested.names import NAMESPACE
from harness.organisers.organiser import Organiser
from harness.processes import waiting
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

    async def rolled_out(self, workload: str) -> None:
        """Wait until a workload has all its pods, ready and of its latest version."""
        await self.kubectl("rollout", "status", workload, "--timeout=180s")


async def until(
    holds: Callable[[], Awaitable[bool]], what: str, limit_seconds: float, poll_seconds: float = 0.5
) -> None:
    """Return as soon as `holds()`. Raises StepError naming `what` after `limit_seconds`."""
    await waiting.until(
        holds, what, limit_seconds, error=StepError, longest_pause_seconds=poll_seconds
    )
