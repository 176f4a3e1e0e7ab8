from pathlib import Path

import pytest

from loadtest.command.read_options import read_options
from loadtest.plan.phases import planned_phases, planned_routes
from voting.domain.vote import Route


def test_the_routes_take_turns_in_both_orders() -> None:
    names = [name for name, _ in planned_routes(2)]
    assert names[:4] == ["gRPC 1", "HTTP 1", "HTTP 2", "gRPC 2"]
    assert names[4:] == ["gRPC 3", "HTTP 3", "HTTP 4", "gRPC 4", "split"]


def test_each_route_is_alone_equally_often_and_the_split_comes_last() -> None:
    routes = [route for _, route in planned_routes(3)]
    assert routes.count(Route.GRPC) == routes.count(Route.HTTP) == 6
    assert routes[-1] is None


@pytest.mark.parametrize("duration", ["1", "20", "60", "3600"])
def test_each_route_has_the_duration_in_all_and_the_split_half(duration: str) -> None:
    phases = list(planned_phases(read_options(["--duration", duration]), Path("/folder")))
    for route in Route:
        whole = sum(phase.seconds for phase in phases if phase.forced is route)
        assert whole == pytest.approx(float(duration))
    assert phases[-1].seconds == float(duration) / 2
    assert len({phase.samples for phase in phases}) == len(phases)
    assert len({phase.seed for phase in phases}) == len(phases)


def test_longer_comparisons_have_more_rounds_up_to_a_limit() -> None:
    rounds = [read_options(["--duration", text]).rounds for text in ("1", "8", "29", "60", "3600")]
    assert rounds == [1, 2, 2, 6, 6]
    assert read_options(["--rounds", "3"]).rounds == 3
