"""An autoscaler under load: more pods while it lasts, fewer after."""

import asyncio
import json
from contextlib import closing
from typing import Final

from cluster.tested.context import StepContext, until
from cluster.tested.names import ROUTES
from cluster.tested.voters import Caster
from voting.domain.vote import Route

_ROUTE: Final = Route.HTTP
_PEOPLE: Final = 32
_VOTES_EACH: Final = 100_000  # more than they manage
_UP_SECONDS: Final = 120.0
_DOWN_SECONDS: Final = 150.0

# In this test autoscalers scale down sooner than they should in production.
_SOON: Final = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 15}}}}


async def scale_down_soon(context: StepContext) -> str:
    """Make every autoscaler remove pods soon after a load, so that this test need not wait."""
    for scaler in (names := (await context.kubectl("get", "hpa", "--output=name")).split()):
        await context.kubectl("patch", scaler, f"--patch={json.dumps(_SOON)}")
    return f"{len(names)} autoscalers scale down after 15 s"


async def scale(context: StepContext) -> str:
    """Put one route under as much load as one process can make, until it gets more pods."""
    name = ROUTES[_ROUTE]
    least = int((await context.get("hpa", name))["spec"]["minReplicas"])
    await until(
        lambda: _has(context, name, least, more=False), f"{least} pods at first", _DOWN_SECONDS
    )
    with closing(Caster(context, _ROUTE)) as caster:
        load = asyncio.create_task(caster.cast(_VOTES_EACH, _PEOPLE))
        try:
            await until(lambda: _has(context, name, least), f"more than {least} pods", _UP_SECONDS)
        finally:
            load.cancel()
            await asyncio.wait([load])
    top = await _replicas(context, name)
    await until(
        lambda: _has(context, name, least, more=False), f"{least} pods again", _DOWN_SECONDS
    )
    return f"{name}: {least} pods, {top} under {caster.routes.total()} votes, {least} after"


async def _has(context: StepContext, name: str, least: int, *, more: bool = True) -> bool:
    """Return whether the deployment has more pods than `least`, or no more than that."""
    return (await _replicas(context, name) > least) is more


async def _replicas(context: StepContext, name: str) -> int:
    """Return how many pods the deployment is to have."""
    return int((await context.get("deployment", name))["spec"]["replicas"])
