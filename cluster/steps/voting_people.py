"""People who vote while something is done to the system."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from cluster.common import network
from cluster.steps.step import StepError, World
from harness.voters.register import Register
from harness.voters.voters import Voters

RATE: Final = 40.0
"""Votes per second over both routes: enough to see a gap of 25 ms, little for two processors."""


@asynccontextmanager
async def people_vote(world: World, name: str, rate: float = RATE) -> AsyncIterator[Register]:
    """Let people vote, for albums called `name`, while the context lasts; yield what they know."""
    voters = Voters("127.0.0.1", network.ENTRY_PORT, rate, Random(name))  # noqa: S311
    voters.round = name
    world.registers.append(voters.register)
    voters.start()
    try:
        yield voters.register
    finally:
        await voters.stop()
        voters.close()


def all_were_taken(register: Register) -> str:
    """Return how many votes there were. Raises StepError when one was not taken at once."""
    failures = register.refusals + register.wrong_answers
    if failures or register.anonymous:
        told = ", ".join(f"{times} x {what}" for what, times in failures.most_common(5))
        raise StepError(f"{failures.total()} of {len(register.sent)} votes failed: {told}")
    return f"{len(register.acknowledged)} votes, none failed"
