"""Checks that the target answers and honours the headers that ask for a candidate."""

import asyncio
import http.client
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from loadtest.model.candidate import Candidate
from loadtest.reconcile.stores import UnreachableError
from voting.domain.headers import CANARY_HEADER, FORCE, ROUTE_HEADER, UNARY_HOST

_TIMEOUT_SECONDS: Final = 5.0  # for one answer
_STARTING: Final = (404, 502, 503, 504)  # a proxy's answers while a route behind it starts
_PATIENCE_SECONDS: Final = 10.0  # for a route to start


async def check_target(target: str, candidates: Sequence[Candidate]) -> None:
    """Return when all candidates answer; raise `UnreachableError` when one does not.

    The check sends an empty vote, which every route refuses, so nothing is counted.
    """
    for candidate in candidates:
        await asyncio.to_thread(_check_candidate, target, candidate)


def _check_candidate(target: str, candidate: Candidate) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            status, answered = _ask(target, candidate)
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"cannot reach target {target}: {error}") from error
        if answered == candidate.route:
            return
        if status not in _STARTING or time.monotonic() > deadline:
            raise UnreachableError(_wrong_answer(target, candidate, status, answered))
        time.sleep(0.2)


def _ask(target: str, candidate: Candidate) -> tuple[int, str | None]:
    parts = urlsplit(target)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
    headers = {"Content-Type": "application/json", **candidate.headers}
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/votes", b"{}", headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get(ROUTE_HEADER)
    finally:
        connection.close()


def _wrong_answer(target: str, candidate: Candidate, status: int, answered: str | None) -> str:
    if candidate is Candidate.GRPC_UNARY:
        return (
            f"target {target} has no way for candidate {candidate}: for the host {UNARY_HOST} it"
            f" answered {status} via {f'the {answered} route' if answered else 'no route'}. Start"
            " the local stack with --grpc-unary; on Kubernetes add the component grpc-unary"
            " (docs/comparison.md)"
        )
    header = f"{CANARY_HEADER}: {FORCE[candidate.route]}"
    if answered is None:
        return f"target {target} answered {header} with {status}, without {ROUTE_HEADER.title()}"
    return f"target {target} answered {header} via the {answered} route instead of {candidate}"
