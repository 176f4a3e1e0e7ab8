"""Where a route puts the votes it has accepted: the one thing in which the routes differ."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from voting.casting.group_commit import settle
from voting.domain.codec import NewRecord
from voting.domain.vote import Vote

# OnResult None when Kafka has acknowledged a vote with acks=all, else with the error.
type OnResult = Callable[[BaseException | None], None]


# What a voter may know of a sink in trouble; which server it is, and what it said, is in the log.
CLOSED: Final = "votes cannot be accepted right now"
UNKNOWN: Final = "the vote may or may not have been stored"
FULL: Final = "too many votes are waiting to be written"


class UnavailableError(Exception):
    """The vote cannot be taken now; the caller may retry it with the same id.

    The text is for voters: it names no server and repeats no error of one.
    `retry_after` is a proposal in seconds. The vote may have been stored all the same: a retry
    with the same id counts once.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class VoteSink(Protocol):
    """Takes votes and reports when Kafka has acknowledged them."""

    def new_id(self) -> str:
        """Return an id for a vote that came without one, in the batch that is being filled."""
        ...

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Take a vote; `on_result` is called later, when it is known what became of it.

        `on_result`, or the call itself, gives `UnavailableError` when the vote cannot be taken now.
        """
        ...


class RecordSink(Protocol):
    """Takes votes that keep every rule as records, and reports as a `VoteSink` does."""

    def append(self, record: NewRecord, on_result: OnResult) -> None:
        """Take a record; `on_result`, or the call itself, gives what `VoteSink.cast` does."""
        ...


def cast_vote(
    sink: VoteSink, vote: Vote, traceparent: str | None = None, unheard: OnResult | None = None
) -> asyncio.Future[None]:
    """Return a future that is done when Kafka has acknowledged the vote with acks=all.

    The future, or the call itself, raises `UnavailableError` when that cannot be had now. When
    its owner has cancelled it, `unheard` is called instead.
    """
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_result(error: BaseException | None) -> None:
        if future.cancelled() and unheard is not None:
            unheard(error)
        else:
            settle(future, error)

    sink.cast(vote, traceparent, on_result)
    return future
