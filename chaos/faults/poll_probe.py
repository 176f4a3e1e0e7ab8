"""Asks services what they know of polls, from outside."""

from http import HTTPStatus
from typing import Final

import httpx

from chaos.faults.fault import FaultFailedError
from harness.servers.services import Service
from harness.system.weakened import CONSUMERS

READERS: Final = ("svc_http_route", "svc_grpc_server", "svc_polls", "svc_polls-2", *CONSUMERS)
"""The services that read the log of polls in Kafka."""

ROUTES: Final = ("svc_http_route", "svc_grpc_client")

_TIMEOUT_SECONDS: Final = 10.0
# There is no such poll, so no answer can count a vote.
_VOTE: Final = {"poll": "nobody-made-this-poll", "entry": "none", "rank": 1}


def judges_votes_in_polls(route: Service) -> bool:
    """Return whether a route knows that it has the newest events: then it says `no such poll`."""
    with _client(route) as client:
        answer = client.post("/votes", json=_VOTE)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return True
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return False
    raise FaultFailedError(f"{route.name} answers {answer.status_code} {answer.text}")


def is_halted(reader: Service) -> bool:
    """Return whether a service says, in its metrics, that it does not trust the log of polls."""
    with _client(reader) as client:
        return "polls_log_halted 1.0" in client.get("/metrics").text.splitlines()


def is_ready(service: Service) -> bool:
    """Return whether a service is ready."""
    with _client(service) as client:
        return client.get("/readyz").status_code == HTTPStatus.OK


def _client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url, timeout=_TIMEOUT_SECONDS, trust_env=False)
