from typing import Any

import pytest

from cluster.steps.drain import overdrawn, selector
from cluster.tested.context import StepError


def budget(**labels: str) -> dict[str, Any]:
    return {"spec": {"selector": {"matchLabels": labels}}}


def test_all_pods_with_a_budget_are_selected_by_the_label_in_which_they_differ() -> None:
    budgets = [budget(part="votes", name="kafka"), budget(part="votes", name="svc-consumer")]
    assert selector(budgets) == "name in (kafka,svc-consumer)"


def test_no_budgets_are_refused() -> None:
    with pytest.raises(StepError, match="0 budgets"):
        selector([])


def budget_status(healthy: int, allowed: int = 1) -> dict[str, Any]:
    status = {"currentHealthy": healthy, "disruptionsAllowed": allowed}
    return {"metadata": {"name": "routes"}, "status": status}


@pytest.mark.parametrize(("left", "broken"), [(2, []), (1, []), (0, ["routes"])])
def test_a_budget_is_overdrawn_when_more_pods_go_than_it_allowed(
    left: int, broken: list[str]
) -> None:
    assert overdrawn([budget_status(2)], [budget_status(left, 0)]) == broken
