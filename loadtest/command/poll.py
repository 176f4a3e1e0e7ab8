"""The poll that a comparison votes in, as the target shows it to everybody."""

import asyncio
import http.client
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from loadtest.model.catalogue import Album, Catalogue
from loadtest.reconcile.stores import UnreachableError

_TIMEOUT_SECONDS: Final = 5.0
_OPEN: Final = "open"


class _Entry(msgspec.Struct):
    id: str
    name: str
    album: str
    year: int


class _Poll(msgspec.Struct):
    phase: str
    closes_at: str | None
    rank_min: int
    rank_max: int
    entries: list[_Entry]
    voters: dict[str, Any] | None = None


async def read_poll(target: str, poll: str) -> Catalogue:
    """Return the entries of a poll that is open to all, or raise `UnreachableError`."""
    return await asyncio.to_thread(_read, target, poll)


def _read(target: str, poll: str) -> Catalogue:
    parts = urlsplit(target)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
    path = f"{parts.path.rstrip('/')}/api/polls/{poll}"
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"cannot read poll {poll} from {target}: {error}") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise UnreachableError(f"poll {poll}: {target}{path} answered {response.status}")
    try:
        found = msgspec.json.decode(body, type=_Poll)
    except msgspec.DecodeError as error:
        raise UnreachableError(f"poll {poll}: {target}{path} is not a poll: {error}") from error
    if found.phase != _OPEN:
        raise UnreachableError(f"poll {poll} is not open: its phase is {found.phase}")
    if found.voters is not None:
        raise UnreachableError(f"poll {poll} needs voters' tokens, and the load has none")
    albums = tuple(
        Album(entry.name, entry.album, entry.year, entry=entry.id) for entry in found.entries
    )
    return Catalogue(albums, poll, found.rank_min, found.rank_max)
