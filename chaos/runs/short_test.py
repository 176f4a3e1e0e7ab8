"""The short form of the chaos suite: each fault once, half of them in one system, half in another.

Both take about two minutes; Bazel runs them side by side.
"""

import asyncio
from pathlib import Path
from random import Random

import httpx
import pytest

from chaos.faults.schedule import FAULTS, schedule
from chaos.runs.run import Run
from chaos.runs.table import table
from harness.processes.console import say
from harness.servers.services import Service
from harness.system.weakened import CLOCKS_MS, WeakenedSystem

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
        behind_seconds = -clock_offset(system.services["svc_http_route"])
    say(table(outcome))
    assert outcome.violations == []
    assert outcome.sent_votes.in_polls.keys() >= {"acknowledged", "closed", "not open yet"}
    assert behind_seconds == pytest.approx(CLOCKS_MS / 1000, abs=0.2)


def clock_offset(service: Service) -> float:
    """Return how far a service finds its clock ahead of Kafka's, in seconds."""
    with httpx.Client(trust_env=False) as client:
        metrics = client.get(f"{service.url}/metrics").text
    (line,) = (
        m for m in metrics.splitlines() if m.startswith('clock_offset_seconds{server="kafka"')
    )
    return float(line.split()[-1])
