"""A drain of the node: disruption budgets must keep the system taking votes."""

from collections.abc import Sequence
from typing import Any, Final

from cluster.common import network
from cluster.common.errors import ClusterError
from cluster.steps.restarts import rolled_out
from cluster.steps.step import StepError, World, until
from cluster.steps.voters import all_were_taken, people_vote

_LIMIT_SECONDS: Final = 25
_AT_REST_SECONDS: Final = 180.0


async def drain(world: World) -> str:
    """Drain the only node of all pods that have a budget: as many as it asks for must stay.

    Evicted pods cannot come back while the node is cordoned, so the drain itself must end at its
    limit, refused by the budgets; no vote may fail meanwhile.
    """
    # No fewer pods can be wanted then, so each that goes meanwhile was evicted.
    await until("autoscalers at their least", lambda: _at_rest(world), _AT_REST_SECONDS)
    budgets = await world.get("pdb")
    async with people_vote(world, "drain") as sent_votes:
        try:
            refused = await _drain(world, selector(budgets))
            broken = overdrawn(budgets, await world.get("pdb"))
        finally:
            await world.kubectl("uncordon", network.NODE)
        for workload in (await world.kubectl("get", "deploy,sts", "--output=name")).split():
            await rolled_out(world, workload)
    if not refused:
        raise StepError("the drain evicted everything: no budget held")
    if broken:
        raise StepError(f"more pods evicted than their budgets allow: {', '.join(broken)}")
    return f"{len(budgets)} budgets held, {all_were_taken(sent_votes)}"


def selector(budgets: Sequence[dict[str, Any]]) -> str:
    """Return a selector of all pods that have a budget. Raises StepError when there is none.

    The budgets tell their pods by the same label.
    """
    labels = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    shared = set.intersection(*map(set, labels)) if labels else set()
    for key in sorted(shared):
        values = {label[key] for label in labels}
        if len(values) == len(labels):
            return f"{key} in ({','.join(sorted(values))})"
    raise StepError(f"no label tells the pods of the {len(labels)} budgets apart")


def overdrawn(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[str]:
    """Return the budgets that have lost more healthy pods than they allowed at first.

    Fewer than a budget asks for is no sign: an autoscaler may have asked for one more meanwhile,
    which waits for a node.
    """
    healthy = {b["metadata"]["name"]: b["status"]["currentHealthy"] for b in after}
    at_first = {b["metadata"]["name"]: b["status"] for b in before}
    return [
        name
        for name, status in at_first.items()
        if status["currentHealthy"] - healthy[name] > status["disruptionsAllowed"]
    ]


async def _drain(world: World, pods: str) -> bool:
    """Drain the node of these pods, and return whether budgets refused it."""
    options = (
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--force",
        f"--timeout={_LIMIT_SECONDS}s",
    )
    try:
        await world.kubectl("drain", network.NODE, f"--pod-selector={pods}", *options)
    except ClusterError as error:
        if "disruption budget" not in str(error):
            raise
        return True
    return False


async def _at_rest(world: World) -> bool:
    """Return whether every deployment has as few pods as its autoscaler may give it."""
    return all(
        scaler["status"].get("desiredReplicas") == scaler["spec"]["minReplicas"]
        for scaler in await world.get("hpa")
    )
