"""The short form of the trial of hostile clients; the long one is the command //chaos:hostile.

How long voters wait is printed but not judged: that needs a quiet machine.
"""

import asyncio
from pathlib import Path

from chaos.hostile_clients.catalogue import CLIENTS
from chaos.hostile_trial.limits import memory_limits
from chaos.hostile_trial.result import broken
from chaos.hostile_trial.table import tables
from chaos.hostile_trial.trial import VOTES_PER_SECOND, HostileTrial
from harness.processes.console import say
from harness.system.weakened import WeakenedSystem

RATE = 60.0
SECONDS = 4.0
ALBUMS = "300"  # so few that the limit is reached


def test_no_hostile_client_stops_the_voters(tmp_path: Path) -> None:
    folder = tmp_path / "system"
    system = WeakenedSystem(folder, votes_per_second=VOTES_PER_SECOND, MAX_ALBUMS=ALBUMS)
    limits = memory_limits()
    trial = HostileTrial(system, RATE, seed=1, say=say)
    with system.running():
        found = asyncio.run(trial.run(list(CLIENTS), SECONDS))
    say(tables(trial.results, limits))
    for result in trial.results:
        found += broken(result, limits)
    assert found == []
