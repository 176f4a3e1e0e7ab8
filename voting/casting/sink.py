"""The vote sink: what a route hands its votes to, and the only difference between the routes."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from voting.casting.group_commit import settle
from voting.domain.codec import NewRecord
from voting.domain.vote import Vote

# Called with None once Kafka has acknowledged a vote with acks=all, else with the error.
type OnResult = Callable[[BaseException | None], None]


# What voters see of a sink in trouble; the log has the server and its error.
CLOSED: Final = "votes cannot be accepted right now"
UNKNOWN: Final = "the vote may or may not have been stored"
FULL: Final = "too many votes are waiting to be written"


class UnavailableError(Exception):
    """The vote cannot be accepted now; the caller may retry it with the same id.

    The text is for voters: it names no server and quotes no server's error. `retry_after` is a
    suggestion in seconds. The vote may have been stored all the same; a retry with the same id
    counts once.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class VoteSink(Protocol):
    """Takes votes and reports when Kafka has acknowledged them."""

    def new_id(self) -> str:
        """Return an id for a vote without one, in the partition of the batch being filled."""
        ...

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Take a vote; `on_result` is called later with its outcome.

        `on_result` gets `UnavailableError`, or the call raises it, if the vote cannot be accepted.
        """
        ...


class RecordSink(Protocol):
    """Takes valid votes as records, and reports like a `VoteSink`."""

    def append(self, record: NewRecord, on_result: OnResult) -> None:
        """Take a record; errors are reported as by `VoteSink.cast`."""
        ...


def cast_vote(
    sink: VoteSink,
    vote: Vote,
    traceparent: str | None = None,
    on_unanswered: OnResult | None = None,
) -> asyncio.Future[None]:
    """Return a future that is done when Kafka has acknowledged the vote with acks=all.

    The future, or the call itself, raises `UnavailableError` if the vote cannot be accepted now.
    If the future was cancelled, `on_unanswered` is called with the result instead.
    """
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_result(error: BaseException | None) -> None:
        if future.cancelled() and on_unanswered is not None:
            on_unanswered(error)
        else:
            settle(future, error)

    sink.cast(vote, traceparent, on_result)
    return future
