"""People who vote while something is done to the system."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from cluster.common import network
from cluster.steps.step import StepError, World
from harness.voters.sent_votes import SentVotes
from harness.voters.voters import Voters

RATE: Final = 40.0
"""Votes per second over both routes: enough to see a gap of 25 ms, little for two processors."""


@asynccontextmanager
async def people_vote(world: World, name: str, rate: float = RATE) -> AsyncIterator[SentVotes]:
    """Let people vote, for albums called `name`, while the context lasts; yield what they sent."""
    voters = Voters("127.0.0.1", network.ENTRY_PORT, rate, Random(name))  # noqa: S311
    voters.round = name
    world.sent_votes.append(voters.sent_votes)
    voters.start()
    try:
        yield voters.sent_votes
    finally:
        await voters.stop()
        voters.close()


def all_were_taken(sent_votes: SentVotes) -> str:
    """Return how many votes there were. Raises StepError when one was not taken at once."""
    failures = sent_votes.refusals + sent_votes.wrong_answers
    if failures or sent_votes.anonymous:
        kinds = ", ".join(f"{times} x {what}" for what, times in failures.most_common(5))
        raise StepError(f"{failures.total()} of {len(sent_votes.sent)} votes failed: {kinds}")
    return f"{len(sent_votes.acknowledged)} votes, none failed"
