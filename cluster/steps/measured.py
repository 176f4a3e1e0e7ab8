"""What the cluster's Prometheus knows of the services."""

import asyncio
import json
from typing import Final
from urllib.parse import urlencode

from cluster.steps.names import PROMETHEUS
from cluster.steps.step import World, until
from loadtest.measure.direct_http import open_directly
from tools.services.roster import DEPLOYMENTS

_TIMEOUT_SECONDS: Final = 10
_WITHIN_SECONDS: Final = 60


async def targets(world: World) -> str:
    """Wait until Prometheus reads every pod of every service, under the service's own name."""
    pods: dict[str, int] = {}

    async def all_are_read() -> bool:
        for service in DEPLOYMENTS:
            status = (await world.get("deployment", service))["status"]
            pods[service.replace("-", "_")] = status["replicas"]
        return await asyncio.to_thread(_up) == pods

    await until("Prometheus scrapes every pod", all_are_read, _WITHIN_SECONDS)
    return f"{sum(pods.values())} pods of {len(pods)} services are scraped"


def _up() -> dict[str, int]:
    """Return how many pods of each service Prometheus reads."""
    query = urlencode({"query": 'sum by (job) (up{job=~"svc_.*"})'})
    url = f"{PROMETHEUS}/api/v1/query?{query}"
    with open_directly(url, _TIMEOUT_SECONDS) as answer:
        series = json.load(answer)["data"]["result"]
    return {one["metric"]["job"]: int(one["value"][1]) for one in series}
