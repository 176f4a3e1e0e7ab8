"""Checks that the target answers and honours the header that forces a route."""

import asyncio
import http.client
import time
from typing import Final
from urllib.parse import urlsplit

from loadtest.reconcile.stores import UnreachableError
from voting.domain.headers import CANARY_HEADER, FORCE, ROUTE_HEADER
from voting.domain.vote import Route

_TIMEOUT_SECONDS: Final = 5.0  # for one answer
_STARTING: Final = (404, 502, 503, 504)  # a proxy's answers while a route behind it starts
_PATIENCE_SECONDS: Final = 10.0  # for a route to start


async def check_target(target: str) -> None:
    """Return when both routes answer; raise `UnreachableError` when one does not.

    The check sends an empty vote, which every route refuses, so nothing is counted.
    """
    for route in Route:
        await asyncio.to_thread(_check_route, target, route)


def _check_route(target: str, route: Route) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            status, answered = _ask(target, route)
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"cannot reach target {target}: {error}") from error
        if answered == route:
            return
        if status not in _STARTING or time.monotonic() > deadline:
            raise UnreachableError(_wrong_route(target, route, status, answered))
        time.sleep(0.2)


def _ask(target: str, route: Route) -> tuple[int, str | None]:
    parts = urlsplit(target)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
    headers = {"Content-Type": "application/json", CANARY_HEADER: FORCE[route]}
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/votes", b"{}", headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get(ROUTE_HEADER)
    finally:
        connection.close()


def _wrong_route(target: str, route: Route, status: int, answered: str | None) -> str:
    header = f"{CANARY_HEADER}: {FORCE[route]}"
    if answered is None:
        return f"target {target} answered {header} with {status}, without {ROUTE_HEADER.title()}"
    return f"target {target} answered {header} via the {answered} route instead of {route}"
