"""From the version before to this one, back, and again, while people vote."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from cluster.tested.context import StepContext
from cluster.tested.voters import all_were_accepted, people_vote

BEFORE: Final = "before.yaml"
"""The manifests of the version before, in the folder for reports."""

_SERVICE: Final = "svc-"
_ENTRY: Final = ("Ingress", "Middleware", "TraefikService")
_VOTES_SECONDS: Final = 10.0


async def apply_before(context: StepContext) -> str:
    """Apply the version before, and wait until all its pods are ready."""
    return await _apply(context, _objects(context.output / BEFORE))


async def vote_before(context: StepContext) -> str:
    """Let people vote in the version before."""
    async with people_vote(context, "before") as sent_votes:
        await asyncio.sleep(_VOTES_SECONDS)
    return all_were_accepted(sent_votes)


async def update_servers(context: StepContext) -> str:
    """Update what the services need. A server's only pod may restart: then votes may fail."""
    async with people_vote(context, "servers updated") as sent_votes:
        found = await _apply(context, filter(_is_server, _objects(context.overlay)))
    failures = (sent_votes.refusals + sent_votes.wrong_answers).total()
    return f"{found}; {len(sent_votes.acknowledged)} votes, {failures} failed meanwhile"


async def upgrade(context: StepContext) -> str:
    """Update all services: no vote may fail."""
    async with people_vote(context, "upgraded") as sent_votes:
        found = await _apply(context, _objects(context.overlay))
    return f"{found}; {all_were_accepted(sent_votes)}"


async def roll_back(context: StepContext) -> str:
    """Bring back the services of the version before: no vote may fail."""
    before = [one for one in _objects(context.output / BEFORE) if _is_of_service(one)]
    async with people_vote(context, "rolled back") as sent_votes:
        found = await _apply(context, before)
    return f"{found}; {all_were_accepted(sent_votes)}"


def _objects(manifests: Path) -> list[Any]:
    return list(yaml.safe_load_all(manifests.read_text()))


def _is_of_service(one: Any) -> bool:
    return str(one["metadata"]["name"]).startswith(_SERVICE)


def _is_server(one: Any) -> bool:
    return not _is_of_service(one) and one["kind"] not in _ENTRY


async def _apply(context: StepContext, objects: Iterable[Any]) -> str:
    """Apply objects, and wait until the workloads among them have all their pods."""
    some = list(objects)
    # A Job cannot be changed. It is gone ten minutes after it finished, or when it is deleted.
    jobs = [one["metadata"]["name"] for one in some if one["kind"] == "Job"]
    if jobs:
        await context.kubectl("delete", "job", "--ignore-not-found", *jobs)
    await context.kubectl(
        "apply", "--validate=strict", "--filename=-", stdin=yaml.safe_dump_all(some)
    )
    workloads = [one for one in some if one["kind"] in ("Deployment", "StatefulSet")]
    for one in workloads:
        await context.rolled_out(f"{one['kind'].lower()}/{one['metadata']['name']}")
    return f"{len(some)} objects, {len(workloads)} workloads"
