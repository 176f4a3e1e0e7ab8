"""Pods that go, in order and out of order, while people vote."""

import asyncio
import time
from typing import Any

from cluster.steps.step import World, until
from cluster.steps.voters import all_were_taken, people_vote
from harness.voters.sent_votes import SentVotes
from tools.services.roster import DEPLOYMENTS


async def rolling(world: World) -> str:
    """Restart every service, all at the same time: no vote may fail."""
    deployments = [f"deployment/{service}" for service in DEPLOYMENTS]
    async with people_vote(world, "rolling restart") as sent_votes:
        await world.kubectl("rollout", "restart", *deployments)
        for deployment in deployments:
            await rolled_out(world, deployment)
    return f"{len(DEPLOYMENTS)} services, {all_were_taken(sent_votes)}"


async def deletion(world: World) -> str:
    """Delete every pod of a workload at once, workload by workload.

    Votes may fail meanwhile; that none is lost or doubled is checked at the end, over all steps.
    """
    workloads = await world.get("deploy,sts")
    async with people_vote(world, "deletion") as sent_votes:
        for workload in workloads:
            await world.kubectl(
                "delete", "pods", f"--selector={selector(workload)}", "--wait=false"
            )
            await rolled_out(world, f"{workload['kind'].lower()}/{workload['metadata']['name']}")
            await _alive(sent_votes)
    return f"{len(workloads)} workloads, {len(sent_votes.acknowledged)} votes taken meanwhile"


async def rolled_out(world: World, workload: str) -> None:
    """Wait until a workload has all its pods, ready and of its latest version."""
    await world.kubectl("rollout", "status", workload, "--timeout=180s")


def selector(workload: dict[str, Any]) -> str:
    """Return the selector of a workload's pods, as kubectl takes it."""
    labels = workload["spec"]["selector"]["matchLabels"]
    return ",".join(f"{name}={value}" for name, value in labels.items())


async def _alive(sent_votes: SentVotes) -> None:
    now = time.monotonic()

    async def both_take_votes() -> bool:
        return await asyncio.to_thread(sent_votes.alive_since, now)

    await until("votes over both routes", both_take_votes, 60)
