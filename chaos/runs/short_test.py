"""The short form of the chaos suite: each fault once, half of them in one system, half in another.

Both take about two minutes; Bazel runs them side by side.
"""

import asyncio
from functools import partial
from pathlib import Path
from random import Random

import httpx
import pytest

from chaos.faults.schedule import FAULTS, schedule
from chaos.runs.run import Run
from chaos.runs.table import table
from harness.processes.console import say
from harness.processes.waiting import wait_until
from harness.servers.services import Service
from harness.system.weakened import CLOCKS_MS, WeakenedSystem

RATE = 40.0
ALBUM = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}
TOO_LONG = "kill everything"  # its parts are killed one by one


@pytest.mark.parametrize("half", [0, 1])
def test_every_acknowledged_vote_counts_once(half: int, tmp_path: Path) -> None:
    random = Random(1)
    faults = [fault for fault in schedule(random, len(FAULTS)) if fault.name != TOO_LONG]
    system = WeakenedSystem(tmp_path / "system")
    with system.running():
        run = Run(system, RATE, random, say, long=False)
        outcome = asyncio.run(run.run(faults[half::2]))
        route = system.services["svc_http_route"]
        wait_until(partial(finds_its_clock_behind, route), f"{route.name} finds its clock behind")
    say(table(outcome))
    assert outcome.violations == []
    assert outcome.sent_votes.in_polls.keys() >= {"acknowledged", "closed", "not open yet"}


def finds_its_clock_behind(route: Service) -> bool:
    """Cast a vote; return whether the route finds its clock as far behind Kafka's as it is.

    The longer Kafka takes, the less of it the route can tell from that.
    """
    with httpx.Client(base_url=route.url, timeout=30, trust_env=False) as client:
        client.post("/votes", json=ALBUM)
        metrics = client.get("/metrics").text
    (line,) = (
        m for m in metrics.splitlines() if m.startswith('clock_offset_seconds{server="kafka"')
    )
    return float(line.split()[-1]) == pytest.approx(-CLOCKS_MS / 1000, abs=0.2)
