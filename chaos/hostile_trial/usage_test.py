"""What a process took at most is seen though it gave it back."""

import os
from typing import NamedTuple

from chaos.hostile_trial.usage import UsageWatch

LARGE_MB = 60


class Watched(NamedTuple):
    name: str
    pid: int | None


def test_memory_that_was_given_back_was_taken() -> None:
    watch = UsageWatch([Watched("ourselves", os.getpid())])
    before = watch.look()["ourselves"].memory
    large = b"x" * (LARGE_MB << 20)
    del large
    after = watch.look()["ourselves"]
    assert after.memory > before + LARGE_MB / 2
    assert after.processors > 0


def test_a_process_that_is_gone_takes_nothing() -> None:
    assert UsageWatch([Watched("gone", None)]).look()["gone"] == (0.0, 0.0)
