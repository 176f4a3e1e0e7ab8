"""Kafka with three nodes loses one: votes go on without it, and none is lost."""

import asyncio
from pathlib import Path
from random import Random

from chaos.faults.nodes import NODES
from chaos.runs.run import Run
from chaos.runs.table import table
from harness.processes.console import say
from harness.system.weakened import WeakenedSystem

RATE = 40.0


def test_votes_go_on_when_the_leader_or_the_controller_dies(tmp_path: Path) -> None:
    system = WeakenedSystem(tmp_path / "system", nodes=3)
    with system.running():
        run = Run(system, RATE, Random(1), say, long=False)
        outcome = asyncio.run(run.run(NODES))
    say(table(outcome))
    assert outcome.violations == []
