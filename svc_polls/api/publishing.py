"""Answers organisers' requests about final results: publishing them, and the evidence for them."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from sanic import HTTPResponse, Request
from sanic.response import BaseHTTPResponse

from svc_polls.api.requests import authenticate, check_poll_id, leave_body
from svc_polls.api.running_changes import RunningChanges
from svc_polls.log.writer import LogUnavailableError
from svc_polls.publishing.ledger_recount import LedgerRecount
from svc_polls.publishing.publisher import CannotPublishError, Publication, Publisher, Stage
from svc_polls.tokens import Organisers, Role
from voting.domain.bounded_number import read_number
from voting.http.problem import JSON_TYPE, ProblemError
from voting.ledger.errors import EndsUnknownError, PartitionUnreadableError
from voting.polls.book import BrokenLogError
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll
from voting.recount.poll_events import CutPoll, NotCutError

_UNREAD_SECONDS: Final = 60.0


class BusyError(Exception):
    """There is as much to do as may be done at once."""


class EvidenceEvent(msgspec.Struct, frozen=True):
    """An event of the log of polls on which the result rests."""

    number: int
    value: Annotated[str, Meta(description="The value of its record, in base64.")]


class Evidence(msgspec.Struct, frozen=True):
    """What a recount needs besides the records of the partitions."""

    poll: str
    cut: Annotated[list[int], Meta(description="Where its votes end, for each partition.")]
    events: list[EvidenceEvent]
    note: Annotated[str, Meta(description="The published result, as a signed note.")]
    public_key: Annotated[str | None, Meta(description="That of svc_polls now: NAME+ID+KEY.")]


class PublishingApi:
    """Publishes results, and hands out their evidence."""

    def __init__(
        self,
        known: KnownPolls,
        publisher: Publisher,
        recount: LedgerRecount,
        organisers: Organisers,
        changes: RunningChanges,
        check_usable: Callable[[], None],
        unread_seconds: float = _UNREAD_SECONDS,
    ) -> None:
        """`check_usable` raises `LogUnavailableError` unless the newest event is known.

        A client that reads nothing of an export for `unread_seconds` is cut off.
        """
        self._known = known
        self._publisher = publisher
        self._recount = recount
        self._organisers = organisers
        self._changes = changes
        self._check_usable = check_usable
        self._unread_seconds = unread_seconds
        # One at a time: each remembers the ids of a partition.
        self._exporting = asyncio.Lock()

    async def publish(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/publish: begins, or says how far it is."""
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changes.one_more(request, "publish"):
            leave_body(request)
            found = self._poll(poll)
            try:
                publication = self._publisher.begin(author, found)
            except CannotPublishError as error:
                raise ProblemError(HTTPStatus.CONFLICT, str(error)) from error
        done = publication.stage is Stage.PUBLISHED
        return _answer(publication, HTTPStatus.OK if done else HTTPStatus.ACCEPTED)

    async def publication(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>/publication."""
        authenticate(request, self._organisers, None)
        return _answer(self._publisher.state(self._poll(poll)))

    async def evidence(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>/evidence."""
        authenticate(request, self._organisers, Role.RELEASER)
        cut = await self._cut(self._poll(poll))
        events = [EvidenceEvent(one.number, b64encode(one.value).decode()) for one in cut.events]
        note = (cut.note or b"").decode()
        return _answer(
            Evidence(poll, list(cut.poll.cut or ()), events, note, self._publisher.public_key)
        )

    async def partition(self, request: Request, poll: str, partition: str) -> None:
        """GET /api/polls/<id>/evidence/<partition>: a stream, which breaks off if it fails."""
        authenticate(request, self._organisers, Role.RELEASER)
        cut = await self._cut(self._poll(poll))
        try:
            number = read_number(partition, 0, len(cut.poll.cut or ()) - 1)
        except ValueError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such partition") from error
        if self._exporting.locked():
            raise _unavailable(BusyError("another partition is being exported"))
        async with self._exporting, aclosing(self._recount.evidence(cut, number)) as pieces:
            first = await anext(pieces)
            response = await request.respond(content_type="application/octet-stream")
            await self._send(response, first)
            async for piece in pieces:
                await self._send(response, piece)
            await response.eof()

    async def _send(self, response: BaseHTTPResponse, piece: bytes) -> None:
        async with asyncio.timeout(self._unread_seconds):
            await response.send(piece)

    def _poll(self, poll: str) -> Poll:
        try:
            self._check_usable()
        except LogUnavailableError as error:
            raise _unavailable(error) from error
        found = self._known.book.polls.get(check_poll_id(poll))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such poll")
        return found

    async def _cut(self, poll: Poll) -> CutPoll:
        if poll.published is None:
            raise ProblemError(HTTPStatus.CONFLICT, "its result has not been published")
        try:
            return await self._recount.cut_poll(poll.id)
        except (
            BrokenLogError,
            EndsUnknownError,
            NotCutError,
            PartitionUnreadableError,
        ) as error:
            raise _unavailable(error) from error


def _answer(body: Evidence | Publication, status: HTTPStatus = HTTPStatus.OK) -> HTTPResponse:
    return HTTPResponse(msgspec.json.encode(body), status, content_type=JSON_TYPE)


def _unavailable(error: Exception) -> ProblemError:
    again = {"retry-after": "1"}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=again)
