"""Which services are ready, and whether they have the newest event of the log of polls."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from svc_polls.watch.http_get import HttpFailedError, http_get, new_client
from svc_polls.watched_services import WatchedAddress, with_port
from voting.polls.poll import FRESH_MS

ADDRESSES_MAX: Final = 20  # asked of one service; a service with more says so
_AT_A_TIME: Final = 16
_PAUSE_SECONDS: Final = 2.0
_LOOKUP_SECONDS: Final = 2.0
_REASON_MAX: Final = 200


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a service, and what it answered.

    `polls_known` is whether it has the newest event of the log of polls, null when it does not
    say; `polls_halted` whether it cannot trust that log.
    """

    address: str
    ready: bool
    reason: str | None = None
    polls_known: bool | None = None
    polls_halted: bool = False


class WatchedService(msgspec.Struct, frozen=True):
    """A service and its instances."""

    name: str
    instances: list[Instance]
    trouble: str | None = None


async def read_services(
    watched: Sequence[WatchedAddress], clock: Callable[[], int]
) -> AsyncGenerator[list[WatchedService]]:
    """Yield how all services are, every 2 s or as soon as all have answered or had their time."""
    turn = asyncio.Semaphore(_AT_A_TIME)
    async with new_client() as client:
        while True:
            asked = (_ask_service(client, one, turn, clock) for one in watched)
            yield await asyncio.gather(*asked)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _ask_service(
    client: httpx.AsyncClient,
    watched: WatchedAddress,
    turn: asyncio.Semaphore,
    clock: Callable[[], int],
) -> WatchedService:
    try:
        async with asyncio.timeout(_LOOKUP_SECONDS):
            infos = await asyncio.get_running_loop().getaddrinfo(
                watched.host, watched.port, type=socket.SOCK_STREAM
            )
    except TimeoutError, OSError:
        return WatchedService(watched.name, [], f"there is no address of {watched.host}")
    addresses = sorted({str(info[4][0]) for info in infos})
    asked = addresses[:ADDRESSES_MAX]
    instances = await asyncio.gather(
        *(_ask_instance(client, address, watched, turn, clock) for address in asked)
    )
    left_out = len(addresses) - len(asked)
    return WatchedService(
        watched.name, instances, f"{left_out} more were not asked" if left_out else None
    )


async def _ask_instance(
    client: httpx.AsyncClient,
    address: str,
    watched: WatchedAddress,
    turn: asyncio.Semaphore,
    clock: Callable[[], int],
) -> Instance:
    shown = with_port(address, watched.port)
    host = with_port(watched.host, watched.port)
    async with turn:
        try:
            readiness = await http_get(client, address, watched.port, host, "/readyz")
            metrics = await http_get(client, address, watched.port, host, "/metrics")
        except HttpFailedError as error:
            return Instance(address=shown, ready=False, reason=str(error))
    polls_known, polls_halted = polls_in(metrics.body, clock())
    ready = readiness.status == HTTPStatus.OK
    return Instance(
        address=shown,
        ready=ready,
        reason=None if ready else _reason(readiness.status, readiness.body),
        polls_known=polls_known,
        polls_halted=polls_halted,
    )


class _Readiness(msgspec.Struct):
    reason: str


def _reason(status: int, body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Readiness).reason[:_REASON_MAX]
    except msgspec.DecodeError, UnicodeDecodeError:
        return f"it answered {status}"


def polls_in(metrics: bytes, now_ms: int) -> tuple[bool | None, bool]:
    """Return from a service's metrics whether it has the newest event, and whether it halted."""
    proved_at = _value(metrics, b"polls_log_proved_timestamp_seconds")
    halted = bool(_value(metrics, b"polls_log_halted"))
    if proved_at is None:
        return None, halted
    return not halted and now_ms - 1000 * proved_at <= FRESH_MS, halted


def _value(metrics: bytes, name: bytes) -> float | None:
    found = re.search(rb"^" + name + rb" (\S+)$", metrics, re.MULTILINE)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
