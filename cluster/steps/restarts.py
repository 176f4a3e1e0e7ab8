"""Pods that are restarted or deleted while people vote."""

import asyncio
import time
from typing import Any

from cluster.tested.context import StepContext, until
from cluster.tested.voters import all_were_accepted, people_vote
from harness.voters.sent_votes import SentVotes
from tools.services.roster import DEPLOYMENTS


async def rolling(context: StepContext) -> str:
    """Restart every service, all at the same time: no vote may fail."""
    deployments = [f"deployment/{service}" for service in DEPLOYMENTS]
    async with people_vote(context, "rolling restart") as sent_votes:
        await context.kubectl("rollout", "restart", *deployments)
        for deployment in deployments:
            await context.rolled_out(deployment)
    return f"{len(DEPLOYMENTS)} services, {all_were_accepted(sent_votes)}"


async def deletion(context: StepContext) -> str:
    """Delete every pod of a workload at once, workload by workload.

    Votes may fail meanwhile; that none is lost or doubled is checked at the end, over all steps.
    """
    workloads = await context.get("deploy,sts")
    async with people_vote(context, "deletion") as sent_votes:
        for workload in workloads:
            await context.kubectl(
                "delete", "pods", f"--selector={selector(workload)}", "--wait=false"
            )
            await context.rolled_out(f"{workload['kind'].lower()}/{workload['metadata']['name']}")
            await _alive(sent_votes)
    return f"{len(workloads)} workloads, {len(sent_votes.acknowledged)} votes taken meanwhile"


def selector(workload: dict[str, Any]) -> str:
    """Return the selector of a workload's pods, as kubectl takes it."""
    labels = workload["spec"]["selector"]["matchLabels"]
    return ",".join(f"{name}={value}" for name, value in labels.items())


async def _alive(sent_votes: SentVotes) -> None:
    now = time.monotonic()

    async def both_take_votes() -> bool:
        return await asyncio.to_thread(sent_votes.alive_since, now)

    await until(both_take_votes, "votes over both routes", 60)
