from typing import Any

import pytest

from cluster.steps.drain import selector
from cluster.steps.step import StepError


def budget(**labels: str) -> dict[str, Any]:
    return {"spec": {"selector": {"matchLabels": labels}}}


def test_all_pods_with_a_budget_are_selected_by_the_label_that_tells_them_apart() -> None:
    budgets = [budget(part="votes", name="kafka"), budget(part="votes", name="svc-consumer")]
    assert selector(budgets) == "name in (kafka,svc-consumer)"


def test_no_budgets_are_refused() -> None:
    with pytest.raises(StepError, match="0 budgets"):
        selector([])
