"""A drain of the node: disruption budgets must keep the system taking votes."""

from collections.abc import Sequence
from typing import Any, Final

from cluster import network
from cluster.errors import ClusterError
from cluster.steps.restarts import rolled_out
from cluster.steps.step import StepError, World
from cluster.steps.voting_people import all_were_taken, people_vote

_LIMIT_S: Final = 25


async def drain(world: World) -> str:
    """Drain the only node of all pods that have a budget: as many as it asks for must stay.

    Evicted pods cannot come back while the node is cordoned, so the drain itself must end at its
    limit, refused by the budgets; no vote may fail meanwhile.
    """
    budgets = await world.get("pdb")
    async with people_vote(world, "drain") as register:
        try:
            refused = await _drain(world, selector(budgets))
            broken = [_name(budget) for budget in await world.get("pdb") if _is_broken(budget)]
        finally:
            await world.kubectl("uncordon", network.NODE)
        for workload in (await world.kubectl("get", "deploy,sts", "--output=name")).split():
            await rolled_out(world, workload)
    if not refused:
        raise StepError("the drain evicted everything: no budget held")
    if broken:
        raise StepError(f"fewer pods than their budgets ask for: {', '.join(broken)}")
    return f"{len(budgets)} budgets held, {all_were_taken(register)}"


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


async def _drain(world: World, pods: str) -> bool:
    """Drain the node of these pods, and return whether budgets refused it."""
    options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", f"--timeout={_LIMIT_S}s")
    try:
        await world.kubectl("drain", network.NODE, f"--pod-selector={pods}", *options)
    except ClusterError as error:
        if "disruption budget" not in str(error):
            raise
        return True
    return False


def _name(budget: dict[str, Any]) -> str:
    return str(budget["metadata"]["name"])


def _is_broken(budget: dict[str, Any]) -> bool:
    status = budget["status"]
    return bool(status["currentHealthy"] < status["desiredHealthy"])
