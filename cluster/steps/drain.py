"""A drain of the node: disruption budgets must keep the system taking votes."""

from collections.abc import Sequence
from typing import Any, Final

from cluster.common import network
from cluster.common.errors import ClusterError
from cluster.tested.context import StepContext, StepError, until
from cluster.tested.voters import all_were_accepted, people_vote

_LIMIT_SECONDS: Final = 25
_AT_REST_SECONDS: Final = 180.0


async def drain(context: StepContext) -> str:
    """Drain the only node of all pods that have a budget: as many as the budget says must stay.

    Evicted pods cannot come back while the node is cordoned, so the drain itself must end at its
    limit, refused by the budgets; no vote may fail meanwhile.
    """
    # Autoscalers then remove no pods, so every pod that goes was evicted.
    await until(lambda: _at_rest(context), "autoscalers at their least", _AT_REST_SECONDS)
    budgets = await context.get("pdb")
    async with people_vote(context, "drain") as sent_votes:
        try:
            refused = await _drain(context, selector(budgets))
            broken = overdrawn(budgets, await context.get("pdb"))
        finally:
            await context.kubectl("uncordon", network.NODE)
        for workload in (await context.kubectl("get", "deploy,sts", "--output=name")).split():
            await context.rolled_out(workload)
    if not refused:
        raise StepError("the drain evicted everything: no budget held")
    if broken:
        raise StepError(f"more pods evicted than their budgets allow: {', '.join(broken)}")
    return f"{len(budgets)} budgets held, {all_were_accepted(sent_votes)}"


def selector(budgets: Sequence[dict[str, Any]]) -> str:
    """Return a selector of all pods that have a budget. Raises StepError when there is none.

    All budgets must select their pods by the same label.
    """
    labels = [budget["spec"]["selector"]["matchLabels"] for budget in budgets]
    shared = set.intersection(*map(set, labels)) if labels else set()
    for key in sorted(shared):
        values = {label[key] for label in labels}
        if len(values) == len(labels):
            return f"{key} in ({','.join(sorted(values))})"
    raise StepError(f"no label distinguishes the pods of the {len(labels)} budgets")


def overdrawn(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[str]:
    """Return the budgets that have lost more healthy pods than they allowed at first.

    Fewer than a budget asks for prove nothing: an autoscaler may have added a pod that waits for
    a node.
    """
    healthy = {b["metadata"]["name"]: b["status"]["currentHealthy"] for b in after}
    at_first = {b["metadata"]["name"]: b["status"] for b in before}
    return [
        name
        for name, status in at_first.items()
        if status["currentHealthy"] - healthy[name] > status["disruptionsAllowed"]
    ]


async def _drain(context: StepContext, pods: str) -> bool:
    """Drain the node of these pods, and return whether budgets refused it."""
    options = (
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--force",
        f"--timeout={_LIMIT_SECONDS}s",
    )
    try:
        await context.kubectl("drain", network.NODE, f"--pod-selector={pods}", *options)
    except ClusterError as error:
        if "disruption budget" not in str(error):
            raise
        return True
    return False


async def _at_rest(context: StepContext) -> bool:
    """Return whether every deployment has its autoscaler's minimum of pods."""
    return all(
        scaler["status"].get("desiredReplicas") == scaler["spec"]["minReplicas"]
        for scaler in await context.get("hpa")
    )
