"""Applies the manifests and waits until the system takes votes."""

from contextlib import closing
from functools import partial
from typing import Final

from cluster.steps.restarts import rolled_out
from cluster.steps.step import World, until
from cluster.steps.voters import Caster
from voting.domain.vote import Route

_IN_A_ROW: Final = 10


async def apply(world: World) -> str:
    """Apply everything with strict validation."""
    told = await world.kubectl("apply", "--validate=strict", f"--filename={world.overlay}")
    return f"{len(told.splitlines())} objects"


async def settle(world: World) -> str:
    """Wait until every workload has all its pods, and every job is done."""
    workloads = (await world.kubectl("get", "deploy,sts", "--output=name")).split()
    for workload in workloads:
        await rolled_out(world, workload)
    for job in (await world.kubectl("get", "jobs", "--output=name")).split():
        await world.kubectl("wait", "--for=condition=Complete", job, "--timeout=120s")
    return f"{len(workloads)} workloads, {len(await world.get('pods'))} pods"


async def routes(world: World) -> str:
    """Wait until both forced routes take votes, several in a row.

    Traefik answers 503 for a moment after pods have become available.
    """

    async def takes_votes(route: Route) -> bool:
        with closing(Caster(world, route)) as caster:
            return await caster.cast(_IN_A_ROW) == {route.value: _IN_A_ROW}

    for route in Route:
        await until(f"{_IN_A_ROW} votes in a row over {route}", partial(takes_votes, route), 60)
    return f"{_IN_A_ROW} votes in a row over each"
