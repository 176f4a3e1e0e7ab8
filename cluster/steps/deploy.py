"""Applies the manifests and waits until the system accepts votes."""

from contextlib import closing
from functools import partial
from typing import Final

from cluster.tested.context import StepContext, until
from cluster.tested.voters import Caster
from voting.domain.vote import Route

_IN_A_ROW: Final = 10


async def apply(context: StepContext) -> str:
    """Apply everything with strict validation."""
    applied = await context.kubectl("apply", "--validate=strict", f"--filename={context.overlay}")
    return f"{len(applied.splitlines())} objects"


async def settle(context: StepContext) -> str:
    """Wait until every workload has all its pods, and every job is done."""
    workloads = (await context.kubectl("get", "deploy,sts", "--output=name")).split()
    for workload in workloads:
        await context.rolled_out(workload)
    for job in (await context.kubectl("get", "jobs", "--output=name")).split():
        await context.kubectl("wait", "--for=condition=Complete", job, "--timeout=120s")
    return f"{len(workloads)} workloads, {len(await context.get('pods'))} pods"


async def routes(context: StepContext) -> str:
    """Wait until both forced routes accept votes, several in a row.

    Traefik answers 503 for a moment after pods have become available.
    """

    async def takes_votes(route: Route) -> bool:
        with closing(Caster(context, route)) as caster:
            return await caster.cast(_IN_A_ROW) == {route.value: _IN_A_ROW}

    for route in Route:
        await until(partial(takes_votes, route), f"{_IN_A_ROW} votes in a row over {route}", 60)
    return f"{_IN_A_ROW} votes in a row over each"
