"""All parts start and stop in any order; the long form runs 20 orders (//chaos:orders)."""

import asyncio
from pathlib import Path
from random import Random

from chaos.orders import Orders
from harness.processes.console import say
from harness.system.weakened import WeakenedSystem

RATE = 40.0
COUNT = 2


def test_all_parts_start_and_stop_in_any_order(tmp_path: Path) -> None:
    system = WeakenedSystem(tmp_path / "system")
    with system.prepared():
        assert asyncio.run(Orders(system, RATE, Random(1)).run(COUNT, say)) == []
