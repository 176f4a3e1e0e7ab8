import asyncio
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, Final

import pytest

from svc_polls.api.publishing import PublishingApi
from svc_polls.api.running_changes import RunningChanges
from svc_polls.tokens import Organiser, Role, hash_of, read_organisers
from voting.http.problem import ProblemError
from voting.polls.event import Close, Cut, Open, Publish
from voting.polls.known_polls import KnownPolls
from voting.recount.poll_events import CutPoll, cut_poll
from voting.testing.polls import POLL, PollLog

TOKENS: Final = Organiser("rea", frozenset({Role.RELEASER}), hash_of("rea")).line


class Client:
    """A request whose client reads only as far as it is let."""

    def __init__(self) -> None:
        self.headers = {"authorization": "Bearer rea"}
        self.stream = None
        self.read: list[bytes] = []
        self.asked = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def respond(self, **_: Any) -> Any:
        return self

    async def send(self, piece: bytes) -> None:
        self.asked.set()
        await self.reads.wait()
        self.read.append(piece)

    async def eof(self) -> None:
        return


class TrialRecount:
    """Has evidence of two pieces for each partition of a published poll."""

    def __init__(self, log: PollLog) -> None:
        self._log = log

    async def cut_poll(self, poll: str) -> CutPoll:
        return cut_poll(poll, self._log.records)

    async def evidence(self, _: CutPoll, partition: int) -> AsyncGenerator[bytes]:
        yield b"header"
        yield b"%d" % partition


def published() -> PollLog:
    log = PollLog()
    log.define(1)
    for change, at_ms in ((Open(), 2), (Close(40_000), 3), (Cut((3, 4)), 60_000)):
        log.append(change, at_ms)
    log.append(Publish(b"{}\n\nsigned\n"), 60_000)
    return log


@pytest.fixture
def api() -> PublishingApi:
    return api_of(published())


def api_of(log: PollLog, unread_seconds: float = 5) -> PublishingApi:
    known = KnownPolls()
    known.book = log.book
    recount: Any = TrialRecount(log)
    publisher: Any = SimpleNamespace(public_key=None)
    usable: Callable[[], None] = lambda: None  # noqa: E731 - a value with a type
    organisers = read_organisers(TOKENS)
    return PublishingApi(
        known, publisher, recount, organisers, RunningChanges(), usable, unread_seconds
    )


async def get(api: PublishingApi, client: Client, partition: str = "1", poll: str = POLL) -> None:
    request: Any = client
    await api.partition(request, poll, partition)


async def test_a_partition_is_exported_piece_by_piece(api: PublishingApi) -> None:
    client = Client()
    await get(api, client)
    assert client.read == [b"header", b"1"]


async def test_one_partition_is_exported_at_a_time(api: PublishingApi) -> None:
    slow, other = Client(), Client()
    slow.reads.clear()
    export = asyncio.create_task(get(api, slow))
    await slow.asked.wait()
    with pytest.raises(ProblemError) as caught:
        await get(api, other)
    assert caught.value.problem.status == HTTPStatus.SERVICE_UNAVAILABLE
    export.cancel()  # as when its client goes away
    await asyncio.wait([export])
    await get(api, other)
    assert other.read == [b"header", b"1"]


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    api, stalled = api_of(published(), unread_seconds=0.01), Client()
    stalled.reads.clear()
    with pytest.raises(TimeoutError):
        await get(api, stalled)
    await get(api, Client())


@pytest.mark.parametrize(
    ("partition", "poll", "status"),
    [
        ("2", POLL, HTTPStatus.NOT_FOUND),
        ("-1", POLL, HTTPStatus.NOT_FOUND),
        ("x", POLL, HTTPStatus.NOT_FOUND),
        ("0", "none", HTTPStatus.NOT_FOUND),
        ("0", "draft", HTTPStatus.CONFLICT),
    ],
)
async def test_what_is_not_there_is_not_exported(
    partition: str, poll: str, status: HTTPStatus
) -> None:
    log = published()
    log.define(70_000, poll="draft")
    with pytest.raises(ProblemError) as caught:
        await get(api_of(log), Client(), partition, poll)
    assert caught.value.problem.status == status
