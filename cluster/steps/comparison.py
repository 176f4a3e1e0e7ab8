"""The comparison of the routes, run inside the cluster's network."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Final

from cluster.common import network
from cluster.tested.context import StepContext, StepError
from cluster.tested.names import MONGODB, PROMETHEUS, REDIS
from loadtest.model.findings import PhaseReport
from loadtest.model.report import from_json
from voting.stores.settings import DATABASE

_SECONDS: Final = 60
"""Of each route alone, in two phases, and half of it for the split: 30 s a phase."""

_ROUNDS: Final = 1
_RATE: Final = 200
"""Votes per second, which leaves two processors room for Kubernetes and Kafka's nodes."""


async def compare(context: StepContext) -> str:
    """Run the comparison and return its result. Raises StepError with its output if it failed."""
    options = {
        "target": f"http://127.0.0.1:{network.ENTRY_PORT}",
        "duration": _SECONDS,
        "rounds": _ROUNDS,
        "rate": _RATE,
        "mongodb-url": MONGODB,
        "mongodb-database": DATABASE,
        "redis-url": REDIS,
        "prometheus": PROMETHEUS,
        "output": context.output / "comparison",
    }
    command = [f"--{name}={value}" for name, value in options.items()]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.compare", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await child.communicate()
    (context.output / "comparison.txt").write_bytes(output)
    if child.returncode:
        raise StepError(f"exit status {child.returncode}: {output.decode().strip()[-400:]}")
    report = from_json((context.output / "comparison" / "report.json").read_bytes())
    reconciliation = report.reconciliation
    if reconciliation is None:
        raise StepError("the report has no reconciliation")
    context.others.anonymous += reconciliation.accepted + reconciliation.unknown
    return (
        f"{_speeds(report.phases)}; {reconciliation.accepted} votes,"
        f" {reconciliation.lost.count} lost, "
        f"{reconciliation.repeated.count} duplicates"
    )


def _speeds(phases: Sequence[PhaseReport]) -> str:
    """Return the mean of the accepted votes per second: of each route alone, and of the split."""
    per_second = defaultdict(list)
    for phase in phases:
        per_second[phase.forced or "split"].append(phase.accepted_per_second)
    return ", ".join(f"{name} {fmean(speeds):.0f}/s" for name, speeds in per_second.items())
