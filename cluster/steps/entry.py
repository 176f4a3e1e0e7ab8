"""Which paths the entry serves, and which it must not."""

import asyncio
from http import HTTPStatus
from typing import Final
from urllib.error import HTTPError

from cluster.common import network
from cluster.steps import deploy, routing
from cluster.tested.context import StepContext, StepError
from loadtest.measure.direct_http import open_directly

_PUBLIC: Final = ("/", "/api/results", "/api/votes", "/openapi.json")
_PRIVATE: Final = ("/metrics", "/healthz", "/readyz", "/votes/metrics")
_TIMEOUT_SECONDS: Final = 10


async def paths(_: StepContext) -> str:
    """Request the page and its API, which must be there, and what must not be public."""
    for path in _PUBLIC:
        await _must_answer(path, HTTPStatus.OK)
    for path in _PRIVATE:
        await _must_answer(path, HTTPStatus.NOT_FOUND)
    return f"{len(_PUBLIC)} public paths, {len(_PRIVATE)} that lead nowhere"


async def gateway(context: StepContext) -> str:
    """Replace the Ingress objects by the HTTPRoute: split, header and paths stay the same."""
    await context.kubectl("apply", "--validate=strict", f"--filename={context.gateway}")
    await context.kubectl("delete", "ingress", "--all")
    await deploy.routes(context)
    found = [await step(context) for step in (routing.split, routing.header, paths)]
    return "; ".join(found)


async def _must_answer(path: str, wanted: HTTPStatus) -> None:
    got = await asyncio.to_thread(_status, path)
    if got != wanted:
        raise StepError(f"GET {path} answers {got}, not {wanted.value}")


def _status(path: str) -> int:
    url = f"http://127.0.0.1:{network.ENTRY_PORT}{path}"
    try:
        with open_directly(url, _TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
