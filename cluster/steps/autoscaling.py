"""An autoscaler under load: more pods while it lasts, fewer after."""

import asyncio
import json
from contextlib import closing
from typing import Final

from cluster.steps.names import ROUTES
from cluster.steps.step import World, until
from cluster.steps.voters import Caster
from voting.domain.vote import Route

_ROUTE: Final = Route.HTTP
_PEOPLE: Final = 32
_VOTES_EACH: Final = 100_000  # more than they get to
_UP_SECONDS: Final = 120.0
_DOWN_SECONDS: Final = 150.0

# For this test they forget a load sooner than they should for people.
_FORGETFUL: Final = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 15}}}}


async def forget_soon(world: World) -> str:
    """Let every autoscaler take pods away soon after a load, as this test cannot wait."""
    for scaler in (names := (await world.kubectl("get", "hpa", "--output=name")).split()):
        await world.kubectl("patch", scaler, f"--patch={json.dumps(_FORGETFUL)}")
    return f"{len(names)} autoscalers scale down after 15 s"


async def scale(world: World) -> str:
    """Put one route under all the load that one process makes, until it gets more pods."""
    name = ROUTES[_ROUTE]
    least = int((await world.get("hpa", name))["spec"]["minReplicas"])
    await until(
        f"{least} pods at first", lambda: _has(world, name, least, more=False), _DOWN_SECONDS
    )
    with closing(Caster(world, _ROUTE)) as caster:
        load = asyncio.create_task(caster.cast(_VOTES_EACH, _PEOPLE))
        try:
            await until(f"more than {least} pods", lambda: _has(world, name, least), _UP_SECONDS)
        finally:
            load.cancel()
            await asyncio.wait([load])
    top = await _replicas(world, name)
    await until(f"{least} pods again", lambda: _has(world, name, least, more=False), _DOWN_SECONDS)
    return f"{name}: {least} pods, {top} under {caster.routes.total()} votes, {least} after"


async def _has(world: World, name: str, least: int, *, more: bool = True) -> bool:
    """Return whether the deployment has more pods than `least`, or no more than that."""
    return (await _replicas(world, name) > least) is more


async def _replicas(world: World, name: str) -> int:
    """Return how many pods the deployment is to have."""
    return int((await world.get("deployment", name))["spec"]["replicas"])
