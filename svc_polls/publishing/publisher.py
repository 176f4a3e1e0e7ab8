"""Publishes final results, one at a time, in the background."""

import asyncio
import logging
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from svc_polls.log.writer import (
    ConditionFailedError,
    LogUnavailableError,
    PollLogWriter,
    UnknownFateError,
)
from svc_polls.publishing.ledger_recount import Progress
from svc_polls.publishing.stores_check import StoresDifferError
from voting.ledger.errors import EndsUnknownError, PartitionUnreadableError
from voting.polls.book import BrokenLogError
from voting.polls.event import Publish
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll, RefusedChangeError
from voting.polls.ruling_rules import check_decided
from voting.recount.final_result import LedgerCount, final_result
from voting.recount.partition_count import LedgerGapError
from voting.recount.poll_events import CutPoll, NotCutError
from voting.signing.keys import SigningKey
from voting.signing.note import sign_note

_log = logging.getLogger(__name__)

_FAILURES: Final = (
    BrokenLogError,
    ConditionFailedError,
    EndsUnknownError,
    LedgerGapError,
    LogUnavailableError,
    NotCutError,
    PartitionUnreadableError,
    RefusedChangeError,
    StoresDifferError,
    UnknownFateError,
)


_TRIES: Final = 3


class Stage(StrEnum):
    """How far the publication of a result is."""

    NOT_BEGUN = "not_begun"
    COUNTING = "counting"
    COMPARING = "comparing"
    WRITING = "writing"
    PUBLISHED = "published"
    FAILED = "failed"


class Publication(msgspec.Struct, frozen=True):
    """How far the publication of a poll's result is at this instance.

    `records` of `all_records` of the ledger were read; `reason` says why it failed.
    """

    stage: Stage
    records: int = 0
    all_records: int = 0
    reason: str | None = None


class CannotPublishError(Exception):
    """The result of the poll cannot be published, whatever is tried; the text says why."""


class Recount(Protocol):
    """What `LedgerRecount` does."""

    async def cut_poll(self, poll: str) -> CutPoll:
        """See `LedgerRecount.cut_poll`."""
        ...

    async def count(self, cut: CutPoll, progress: Progress) -> LedgerCount:
        """See `LedgerRecount.count`."""
        ...


class Comparison(Protocol):
    """What `StoresCheck` does."""

    async def compare(self, poll: Poll, counted: LedgerCount) -> None:
        """See `StoresCheck.compare`."""
        ...


class Publisher:
    """Publishes the results of polls that are cut.

    Every instance of svc_polls may do so, and none depends on another: the first event stands, and
    all would write the same document.
    """

    def __init__(
        self,
        known: KnownPolls,
        recount: Recount,
        stores: Comparison,
        writer: PollLogWriter,
        key: SigningKey | None,
    ) -> None:
        """Without a `key` nothing is published: a result cannot be signed later."""
        self._known = known
        self._recount = recount
        self._stores = stores
        self._writer = writer
        self._key = key
        self._states: dict[str, Publication] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(1)

    @property
    def public_key(self) -> str | None:
        """Whose signatures are verified with it; None without a key."""
        return None if self._key is None else str(self._key.verifier)

    def state(self, poll: Poll) -> Publication:
        """Return how far the publication is."""
        if poll.published is not None:
            return Publication(Stage.PUBLISHED)
        return self._states.get(poll.id, Publication(Stage.NOT_BEGUN))

    def begin(self, author: str, poll: Poll) -> Publication:
        """Begin to publish the result, unless that has begun, and return how far it is.

        Raises `CannotPublishError`.
        """
        running = self._tasks.get(poll.id)
        if poll.published is None and (running is None or running.done()):
            if self._key is None:
                raise CannotPublishError("svc_polls has no SIGNING_KEY to sign the result with")
            if poll.cut is None:
                raise CannotPublishError("its votes may not be complete yet")
            try:
                check_decided(poll)
            except RefusedChangeError as error:
                raise CannotPublishError(str(error)) from error
            self._states[poll.id] = Publication(Stage.COUNTING, 0, sum(poll.cut))
            publishing = self._try_to_publish(author, poll.id, self._key)
            self._tasks[poll.id] = asyncio.create_task(publishing)
        return self.state(poll)

    async def close(self) -> None:
        """End what is under way; it can begin again elsewhere."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _try_to_publish(self, author: str, poll_id: str, key: SigningKey) -> None:
        try:
            async with self._turn:
                await self._publish(author, poll_id, key)
        except _FAILURES as error:
            self._failed(poll_id, str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the organiser must learn of it
            self._failed(poll_id, "an error that the log of svc_polls has")
            _log.exception("publishing the result of poll %s failed", poll_id)

    async def _publish(self, author: str, poll_id: str, key: SigningKey) -> None:
        for left in reversed(range(_TRIES)):
            cut = await self._recount.cut_poll(poll_id)
            document = await self._document(poll_id, cut)
            signed = Publish(sign_note(document.decode() + "\n", key))
            try:
                await self._write(author, poll_id, signed, cut.last)
            except (ConditionFailedError, RefusedChangeError) as error:
                if self._known.book.polls[poll_id].published is not None:
                    await self._check_other(poll_id, document)
                    return
                if isinstance(error, RefusedChangeError) or not left:
                    raise
                # Something happened to the poll, perhaps a ruling that the document must know.
            else:
                _log.info("the result of poll %s is published by %s", poll_id, author)
                return

    async def _write(self, author: str, poll_id: str, signed: Publish, last: int) -> None:
        """Write the event if the poll's last one has this number; raise what forbids it."""
        refusal = (await self._writer.write(author, poll_id, signed, last)).refusal
        if refusal is not None:
            raise RefusedChangeError(refusal)

    async def _document(self, poll_id: str, cut: CutPoll) -> bytes:
        total = sum(cut.poll.cut or ())

        def note(stage: Stage, records: int) -> None:
            self._states[poll_id] = Publication(stage, records, total)

        counted = await self._recount.count(cut, lambda done: note(Stage.COUNTING, done))
        note(Stage.COMPARING, total)
        await self._stores.compare(cut.poll, counted)
        note(Stage.WRITING, total)
        return final_result(cut.poll, cut.events, counted)

    async def _check_other(self, poll_id: str, document: bytes) -> None:
        """Raise an alarm unless another instance has published the same document."""
        note = (await self._recount.cut_poll(poll_id)).note
        if note is None or Publish(note).document != document:
            _log.error(
                "poll %s has another published result than this instance counts: the ledger or the "
                "log of polls is not what it was",
                poll_id,
            )

    def _failed(self, poll_id: str, reason: str) -> None:
        before = self._states[poll_id]
        self._states[poll_id] = Publication(
            Stage.FAILED, before.records, before.all_records, reason
        )
        _log.warning("the result of poll %s is not published: %s", poll_id, reason)
