"""Where votes go: split by weight, or forced by the header."""

from contextlib import closing
from typing import Final

from cluster.tested.context import StepContext, StepError, until
from cluster.tested.names import ROUTES
from cluster.tested.voters import Caster, forcing
from harness.servers.traefik_server import WEIGHTS
from loadtest.analysis.split import check_split
from voting.domain.vote import Route

_PEOPLE: Final = 8
_UNFORCED_EACH: Final = 300
_FORCED_EACH: Final = 25
_PROBES: Final = 20
_NOTICED_SECONDS: Final = 30


async def split(context: StepContext) -> str:
    """Cast votes that no header forces, and test their routes against the weights."""
    with closing(Caster(context, None)) as caster:
        routes = await caster.cast(_UNFORCED_EACH, _PEOPLE)
    counted = {route: routes[route.value] for route in Route}
    tested = check_split(counted, {route: float(WEIGHTS[route.value]) for route in Route})
    if tested is None or not tested.fair or routes.total() != sum(counted.values()):
        raise StepError(f"routes taken: {dict(routes)}")
    return f"{counted[Route.GRPC]} grpc, {counted[Route.HTTP]} http, p = {tested.p_value:.2f}"


async def failover(context: StepContext) -> str:
    """Take away all pods of one route, then of the other: every vote must take the one left."""
    for gone, left in ((Route.GRPC, Route.HTTP), (Route.HTTP, Route.GRPC)):
        deployment = f"deployment/{ROUTES[gone.value]}"
        pods = (await context.get(deployment))["spec"]["replicas"]
        # An autoscaler leaves a deployment alone that is scaled to no pods.
        await context.kubectl("scale", deployment, "--replicas=0")
        try:
            await _wait_for_votes(context, {left})
            with closing(Caster(context, None)) as caster:
                routes = await caster.cast(_UNFORCED_EACH, _PEOPLE)
        finally:
            await context.kubectl("scale", deployment, f"--replicas={pods}")
            await context.rolled_out(deployment)
        if routes != {left.value: _UNFORCED_EACH * _PEOPLE}:
            raise StepError(f"without {gone} the votes took {dict(routes)}")
        await _wait_for_votes(context, set(Route))
    return f"{_UNFORCED_EACH * _PEOPLE} votes each on the route that was left"


async def _wait_for_votes(context: StepContext, routes: set[Route]) -> None:
    async def all_taken() -> bool:
        with closing(Caster(context, None)) as caster:
            return (await caster.cast(_PROBES)).keys() == {route.value for route in routes}

    names = " and ".join(sorted(routes))
    await until(all_taken, f"all votes take {names}", _NOTICED_SECONDS)


async def header(context: StepContext) -> str:
    """Force each route."""
    for route in Route:
        with closing(Caster(context, route)) as caster:
            routes = await caster.cast(_FORCED_EACH, _PEOPLE)
        if routes != {route.value: _FORCED_EACH * _PEOPLE}:
            raise StepError(f"{forcing(route)} led to {dict(routes)}")
    return f"{_FORCED_EACH * _PEOPLE} requests each, all as forced"
