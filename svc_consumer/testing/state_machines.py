"""How the models are run: every interleaving must hold, and a broken rule must be found."""

from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

_BOUNDS: Final[dict[str, Any]] = {"suppress_health_check": list(HealthCheck), "database": None}


def holds_always(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """Run `machine` through interleavings of so many steps; raise what its checks raise."""
    bounds = settings(max_examples=150, stateful_step_count=steps, **_BOUNDS)
    run_state_machine_as_test(machine, settings=bounds)


def is_found_broken(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """Run `machine` until a check fails; fail if none does in many more interleavings.

    The interleavings are the same in every run: whether one of them shows the fault is not chance.
    """
    bounds = settings(
        max_examples=2000,
        stateful_step_count=steps,
        phases=[Phase.generate],
        derandomize=True,
        **_BOUNDS,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=bounds)
