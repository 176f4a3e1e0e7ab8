"""The short form of the chaos suite: each fault once, in about a minute and a half."""

import asyncio
from pathlib import Path
from random import Random

from chaos.run import Run
from chaos.schedule import FAULTS
from chaos.system import System
from chaos.table import table
from local.console import say

RATE = 60.0


def test_every_acknowledged_vote_counts_once(tmp_path: Path) -> None:
    faults = [FAULTS[name] for name in ("kill a consumer", "kill Redis", "kill Kafka")]
    system = System(tmp_path / "system")
    with system.running():
        run = Run(system, RATE, Random(1), say, long=False)
        outcome = asyncio.run(run.run(faults))
    say(table(outcome))
    assert outcome.violations == []
