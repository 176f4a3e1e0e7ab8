"""Where a route puts the votes it has accepted: the one thing in which the routes differ."""

import asyncio
from typing import Protocol

from voting.vote import Vote


class UnavailableError(Exception):
    """The vote cannot be taken now; the caller may retry it with the same id.

    `retry_after` is a proposal in seconds. The vote may have been stored all the same: a retry
    with the same id counts once.
    """

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class VoteSink(Protocol):
    """Takes votes and tells when Kafka has acknowledged them."""

    def new_id(self) -> str:
        """Return an id for a vote that came without one, in the batch that is being filled."""
        ...

    def cast(self, vote: Vote, traceparent: str | None = None) -> asyncio.Future[None]:
        """Return a future that is done when Kafka has acknowledged the vote with acks=all.

        The future, or the call itself, raises `UnavailableError` when that cannot be had now.
        """
        ...
