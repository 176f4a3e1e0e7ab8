"""Peak memory is seen even after it was freed."""

import os
from typing import NamedTuple

from chaos.hostile_trial.usage import UsageWatch

LARGE_MB = 60


class Watched(NamedTuple):
    name: str
    pid: int | None


def test_freed_memory_counts() -> None:
    watch = UsageWatch([Watched("ourselves", os.getpid())])
    before = watch.sample()["ourselves"].memory
    large = b"x" * (LARGE_MB << 20)
    del large
    after = watch.sample()["ourselves"]
    assert after.memory > before + LARGE_MB / 2
    assert after.processors > 0


def test_a_process_that_has_ended_uses_nothing() -> None:
    assert UsageWatch([Watched("gone", None)]).sample()["gone"] == (0.0, 0.0)
