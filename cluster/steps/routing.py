"""Where votes go: split by weight, or forced by the header."""

from contextlib import closing
from typing import Final

from cluster.steps.casting import FORCE, Caster
from cluster.steps.step import StepError, World
from loadtest.split import check_split
from local.traefik_server import WEIGHTS
from voting.vote import Route

_PEOPLE: Final = 8
_UNFORCED_EACH: Final = 300
_FORCED_EACH: Final = 25


async def split(world: World) -> str:
    """Cast votes that no header forces, and hold their routes against the weights."""
    with closing(Caster(world, None)) as caster:
        routes = await caster.cast(_UNFORCED_EACH, _PEOPLE)
    counted = {route: routes[route.value] for route in Route}
    tested = check_split(counted, {route: float(WEIGHTS[route.value]) for route in Route})
    if tested is None or not tested.fair or routes.total() != sum(counted.values()):
        raise StepError(f"routes taken: {dict(routes)}")
    return f"{counted[Route.GRPC]} grpc, {counted[Route.HTTP]} http, p = {tested.p_value:.2f}"


async def header(world: World) -> str:
    """Force each route."""
    for route in Route:
        with closing(Caster(world, route)) as caster:
            routes = await caster.cast(_FORCED_EACH, _PEOPLE)
        if routes != {route.value: _FORCED_EACH * _PEOPLE}:
            raise StepError(f"{FORCE[route]} led to {dict(routes)}")
    return f"{_FORCED_EACH * _PEOPLE} requests each, all as forced"
