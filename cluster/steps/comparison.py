"""The comparison of the routes, run inside the cluster's network."""

import asyncio
import sys
from typing import Final

from cluster import network
from cluster.steps.names import DATABASE, MONGODB, REDIS
from cluster.steps.step import StepError, World
from loadtest.report import from_json

_SECONDS: Final = 30
_RATE: Final = 200
"""Votes per second, which leaves two processors some air beside Kubernetes and Kafka's nodes."""


async def compare(world: World) -> str:
    """Run it and return what it found. Raises StepError with its words when it found a fault."""
    options = {
        "target": f"http://127.0.0.1:{network.ENTRY_PORT}",
        "duration": _SECONDS,
        "rate": _RATE,
        "mongodb-url": MONGODB,
        "mongodb-database": DATABASE,
        "redis-url": REDIS,
        "output": world.output / "comparison",
    }
    command = [f"--{name}={value}" for name, value in options.items()]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.compare", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await child.communicate()
    (world.output / "comparison.txt").write_bytes(said)
    if child.returncode:
        raise StepError(f"exit status {child.returncode}: {said.decode().strip()[-400:]}")
    report = from_json((world.output / "comparison" / "report.json").read_bytes())
    told = report.reconciliation
    if told is None:
        raise StepError("the report has no reconciliation")
    world.others.anonymous += told.accepted + told.unknown
    phases = ", ".join(f"{p.name} {p.accepted_per_second:.0f}/s" for p in report.phases)
    return f"{phases}; {told.accepted} votes, {told.lost.count} lost, {told.repeated.count} double"
