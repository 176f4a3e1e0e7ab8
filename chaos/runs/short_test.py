"""The short form of the chaos suite: each fault once, half of them in one system, half in another.

Both take a little over a minute; Bazel runs them side by side.
"""

import asyncio
from pathlib import Path
from random import Random

import pytest

from chaos.faults.schedule import FAULTS, schedule
from chaos.runs.run import Run
from chaos.runs.table import table
from harness.processes.console import say
from harness.system.weakened import WeakenedSystem

RATE = 40.0
TOO_LONG = "kill everything"  # its parts are killed one by one


@pytest.mark.parametrize("half", [0, 1])
def test_every_acknowledged_vote_counts_once(half: int, tmp_path: Path) -> None:
    random = Random(1)
    faults = [fault for fault in schedule(random, len(FAULTS)) if fault.name != TOO_LONG]
    system = WeakenedSystem(tmp_path / "system")
    with system.running():
        run = Run(system, RATE, random, say, long=False)
        outcome = asyncio.run(run.run(faults[half::2]))
    say(table(outcome))
    assert outcome.violations == []
