"""Runs the steps from inside the cluster's network, and prints a row with each result.

usage: inside e2e|chart|upgrade OVERLAY GATEWAY OUTPUT
  OVERLAY, GATEWAY   the rendered manifests, with Ingress objects and with an HTTPRoute
  OUTPUT             a folder for reports
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cluster.common.errors import ClusterError
from cluster.steps import (
    admission,
    autoscaling,
    chart,
    comparison,
    deploy,
    drain,
    entry,
    measured,
    poll,
    promise,
    restarts,
    routing,
    upgrade,
)
from cluster.steps.step import Step, row
from cluster.tested.context import StepContext, StepError
from harness.organisers.organiser import OrganiserError
from harness.voters.sent_votes import SentVotes
from voting.stores.errors import StoreUnavailableError

STEPS: Final = [
    Step("overlay applied", deploy.apply, essential=True),
    Step("all pods ready", deploy.settle, essential=True),
    Step("both routes answer", deploy.routes, essential=True),
    Step("organiser's token", poll.token, essential=True),
    Step("misspelt field", admission.strict),
    Step("autoscalers set", autoscaling.scale_down_soon),
    Step("comparison", comparison.compare),
    Step("split", routing.split),
    Step("header", routing.header),
    Step("paths", entry.paths),
    Step("measured", measured.targets),
    Step("one route away", routing.failover),
    Step("poll opened", poll.opened),
    Step("rolling restart", restarts.rolling),
    Step("poll closed early", poll.closed),
    Step("autoscaling", autoscaling.scale),
    Step("drain", drain.drain),
    Step("all pods deleted", restarts.deletion),
    Step("gateway API", entry.gateway),
    Step("every vote once", promise.kept),
    Step("restricted profile", admission.restricted),
]


CHART_STEPS: Final = [
    Step("chart installed", chart.install, essential=True),
    Step("both routes answer", deploy.routes, essential=True),
    Step("chart upgraded", chart.upgrade),
    Step("chart rolled back", chart.rollback),
    Step("every vote once", promise.kept),
    Step("chart uninstalled", chart.uninstall),
]
"""The same system, installed with Helm."""

UPGRADE_STEPS: Final = [
    Step("version before", upgrade.apply_before, essential=True),
    Step("both routes answer", deploy.routes, essential=True),
    Step("votes before", upgrade.vote_before),
    Step("servers updated", upgrade.update_servers, essential=True),
    Step("upgraded", upgrade.upgrade, essential=True),
    Step("rolled back", upgrade.roll_back),
    Step("upgraded again", upgrade.upgrade, essential=True),
    Step("organiser's token", poll.token, essential=True),
    Step("poll opened", poll.opened),
    Step("poll closed early", poll.closed),
    Step("every vote once", promise.kept),
]
"""The version before, and this one in its place."""

_FAILURES: Final = (StepError, ClusterError, OrganiserError, StoreUnavailableError, OSError)


async def run(steps: Sequence[Step], context: StepContext) -> bool:
    """Run the steps and return whether all passed; an essential one that fails ends the run."""
    passed = True
    for step in steps:
        with row(step.name) as filled:
            try:
                filled.found = await step.run(context)
            except _FAILURES as error:
                filled.found, filled.failed, passed = str(error), True, False
        if filled.failed and step.essential:
            break
    return passed


def main(steps: Sequence[Step], overlay: Path, gateway: Path, output: Path) -> int:
    """Run the steps and return the exit status."""
    context = StepContext(
        overlay, gateway, output, sent_votes=[], others=SentVotes(), organisers=[], polls=[]
    )
    return 0 if asyncio.run(run(steps, context)) else 1


if __name__ == "__main__":
    steps = {"e2e": STEPS, "chart": CHART_STEPS, "upgrade": UPGRADE_STEPS}[sys.argv[1]]
    sys.exit(main(steps, *map(Path, sys.argv[2:])))
