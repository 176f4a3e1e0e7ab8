from pathlib import Path

import pytest

from loadtest.command.read_options import read_options
from loadtest.model.candidate import BOTH_ROUTES
from loadtest.model.phase import Phase
from loadtest.plan.phases import planned_phases

FOLDER = Path("/folder")


def plan(*options: str) -> list[Phase]:
    return planned_phases(read_options(options), FOLDER)


def test_two_candidates_take_turns_in_both_orders_and_the_split_comes_last() -> None:
    names = [phase.name for phase in plan("--rounds", "2")]
    assert names[:4] == ["gRPC 1", "HTTP 1", "HTTP 2", "gRPC 2"]
    assert names[4:] == ["gRPC 3", "HTTP 3", "HTTP 4", "gRPC 4", "split"]


def test_three_candidates_take_turns_in_both_orders() -> None:
    phases = plan("--rounds", "1", "--candidates", "grpc-unary,http,grpc")
    assert [phase.name for phase in phases] == [
        *("gRPC 1", "HTTP 1", "unary gRPC 1"),
        *("unary gRPC 2", "HTTP 2", "gRPC 2", "split"),
    ]


def test_a_sweep_has_the_turns_of_each_rate_in_ascending_order_and_no_split() -> None:
    phases = plan("--rounds", "1", "--duration", "10", "--sweep", "2000,100")
    assert [phase.name for phase in phases] == [
        *("gRPC 100/s 1", "HTTP 100/s 1", "HTTP 100/s 2", "gRPC 100/s 2"),
        *("gRPC 2,000/s 1", "HTTP 2,000/s 1", "HTTP 2,000/s 2", "gRPC 2,000/s 2"),
    ]
    assert {(phase.rate, phase.seconds) for phase in phases} == {(100.0, 5.0), (2000.0, 5.0)}
    assert [phase.warm_up for phase in phases] == [3.0, 3.0, *[1.0] * 6]
    assert len({phase.samples for phase in phases}) == len(phases)


@pytest.mark.parametrize("duration", ["1", "20", "60", "3600"])
def test_each_route_has_the_duration_in_all_and_the_split_half(duration: str) -> None:
    phases = plan("--duration", duration)
    for route in BOTH_ROUTES:
        whole = sum(phase.seconds for phase in phases if phase.forced is route)
        assert whole == pytest.approx(float(duration))
    assert phases[-1].seconds == float(duration) / 2
    assert len({phase.samples for phase in phases}) == len(phases)
    assert len({phase.seed for phase in phases}) == len(phases)


def test_longer_comparisons_have_more_rounds_up_to_a_limit() -> None:
    rounds = [read_options(["--duration", text]).rounds for text in ("1", "8", "29", "60", "3600")]
    assert rounds == [1, 2, 2, 6, 6]
    assert read_options(["--rounds", "3"]).rounds == 3
