"""Each bound of the trial is reported when it is broken."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chaos.hostile_clients.client import AttackRecord
from chaos.hostile_trial.result import Result, broken, p99, slower
from chaos.hostile_trial.table import tables
from chaos.hostile_trial.usage import Usage

LIMITS = {"svc_consumer": 100.0}


def result() -> Result:
    return Result(
        client="bodies",
        calm=[0.01] * 100,
        during=[0.1] * 100,
        longest_gap=0.5,
        refused=Counter(),
        readers=[0.02],
        readers_refused=Counter(),
        usage={"svc_consumer-2": Usage(100.0, 0.5), "entry": Usage(500.0, 0.5)},
        sockets=3.0,
        not_ready=[],
        record=AttackRecord(Counter({"503": 1, "slow head: 408": 2})),
    )


def test_nothing_is_broken_at_the_bounds() -> None:
    assert list(broken(result(), LIMITS)) == []
    assert list(slower(result())) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda r: r.refused.update({"503": 2}), "votes were refused: 2 x 503"),
        (lambda r: r.readers_refused.update(["429"]), "readers were refused: 1 x 429"),
        (
            lambda r: r.record.answers.update({"half closed: 500": 3}),
            "3 responses with status 500",
        ),
        (lambda r: r.usage.update(svc_consumer=Usage(100.4, 0)), "svc_consumer used 100 of 100 MB"),
        (lambda r: r.not_ready.append("svc_results is not ready"), "svc_results is not ready"),
        (lambda r: r.during.clear(), "no vote was accepted"),
    ],
)
def test_a_broken_bound_is_reported(change: Callable[[Any], None], line: str) -> None:
    changed = result()
    change(changed)
    assert list(broken(changed, LIMITS)) == [f"bodies: {line}"]


def test_voters_may_wait_a_tenth_of_a_second_longer() -> None:
    changed = result()
    changed.during[-1] = 9.0  # one of a hundred may
    assert list(slower(changed)) == []
    changed.during[0] = 9.0
    assert list(slower(changed)) == ["bodies: p99 of 9000 ms, calm 10 ms"]


def test_nobody_need_vote_in_the_calm() -> None:
    changed = result()
    changed.calm.clear()
    assert list(slower(changed)) == []


def test_p99_is_the_longest_wait_of_99_in_100() -> None:
    assert p99([]) == 0
    assert p99([float(number) for number in range(1, 101)]) == 99
    assert p99([float(number) for number in range(1, 201)]) == 198


def test_the_tables_have_a_row_for_each_client() -> None:
    text = tables([result()], LIMITS)
    assert "| bodies | 100 | 0 | 10 | 100 | 0.10 | 0.5 | 0 | 0.02 |" in text
    assert "| bodies | 100, 0.50 | 500, 0.50 | 3 |" in text
    assert "| bodies | 2 x slow head: 408, 1 x 503 |  |" in text
