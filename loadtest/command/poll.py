"""The poll that a comparison votes in, as the target shows it to everybody."""

import asyncio
import http.client
from typing import Final, NamedTuple
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


class PollVoters(msgspec.Struct, frozen=True):
    """How often a voter of this scope may vote: `votes` times, or once for each entry."""

    scope: str
    votes: int
    per_entry: bool


class _Poll(msgspec.Struct):
    phase: str
    closes_at: str | None
    rank_min: int
    rank_max: int
    entries: list[_Entry]
    voters: PollVoters | None = None


class OpenPoll(NamedTuple):
    """What there is to vote for in an open poll, and how often each voter may, if it has voters."""

    catalogue: Catalogue
    voters: PollVoters | None


async def read_poll(target: str, poll: str) -> OpenPoll:
    """Return a poll that is open, or raise `UnreachableError`."""
    return await asyncio.to_thread(_read, target, poll)


def _read(target: str, poll: str) -> OpenPoll:
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
    albums = tuple(
        Album(entry.name, entry.album, entry.year, entry=entry.id) for entry in found.entries
    )
    return OpenPoll(Catalogue(albums, poll, found.rank_min, found.rank_max), found.voters)
