"""Whether the cluster's Prometheus scrapes the services."""

import asyncio
import json
from typing import Final
from urllib.parse import urlencode

from cluster.tested.context import StepContext, until
from cluster.tested.names import PROMETHEUS
from loadtest.measure.direct_http import open_directly
from tools.services.roster import DEPLOYMENTS

_TIMEOUT_SECONDS: Final = 10
_WITHIN_SECONDS: Final = 60


async def targets(context: StepContext) -> str:
    """Wait until Prometheus scrapes every pod of every service, under the service's name."""
    pods: dict[str, int] = {}

    async def all_are_read() -> bool:
        for service in DEPLOYMENTS:
            status = (await context.get("deployment", service))["status"]
            pods[service.replace("-", "_")] = status["replicas"]
        return await asyncio.to_thread(_up) == pods

    await until(all_are_read, "Prometheus scrapes every pod", _WITHIN_SECONDS)
    return f"{sum(pods.values())} pods of {len(pods)} services are scraped"


def _up() -> dict[str, int]:
    """Return how many pods of each service Prometheus scrapes."""
    query = urlencode({"query": 'sum by (job) (up{job=~"svc_.*"})'})
    url = f"{PROMETHEUS}/api/v1/query?{query}"
    with open_directly(url, _TIMEOUT_SECONDS) as answer:
        series = json.load(answer)["data"]["result"]
    return {found["metric"]["job"]: int(found["value"][1]) for found in series}
