"""The promise, over all steps: every vote that was accepted counts, and counts once."""

from collections.abc import Iterable

from aiokafka.errors import KafkaError
from msgspec.structs import replace

from cluster.tested.context import StepContext, StepError, until
from cluster.tested.names import KAFKA, MONGODB, REDIS
from harness.promise.check import violations
from harness.promise.stores_reader import Contents, open_stores_reader
from harness.voters.sent_votes import SentVotes
from voting.stores.errors import StoreUnavailableError


async def kept(context: StepContext) -> str:
    """Wait until both stores have the whole ledger, then check every vote."""
    async with open_stores_reader(KAFKA, REDIS, MONGODB) as reader:

        async def in_step() -> bool:
            try:
                return (await reader.positions()).in_step
            except StoreUnavailableError, KafkaError, TimeoutError:
                return False  # a pod that was deleted a moment ago is not back yet

        await until(in_step, "vote log and tally are up to date with the ledger", 120)
        contents = await reader.contents()
    sent_votes = _together([*context.sent_votes, context.others])
    _accept_other_routes(sent_votes, contents)
    found = violations(sent_votes, contents)
    if found:
        raise StepError("; ".join(map(str, found)))
    acknowledged = len(sent_votes.acknowledged)
    return f"{acknowledged} of {len(contents.logged)} votes checked, 0 lost, 0 duplicates"


def _accept_other_routes(sent_votes: SentVotes, contents: Contents) -> None:
    """Treat the route that logged a vote as the one that it was sent to.

    While a route has no pod at all, Traefik sends the votes that ask for it over the other one,
    where they count as well. The steps about routing check that votes take the right route.
    """
    for logged in contents.logged:
        if vote := sent_votes.sent.get(logged.id):
            sent_votes.sent[logged.id] = replace(vote, route=logged.vote.route)


def _together(steps: Iterable[SentVotes]) -> SentVotes:
    """Return the votes of all steps together; each step has checked its own failures."""
    together = SentVotes()
    for sent_votes in steps:
        together.sent |= sent_votes.sent
        together.acknowledged |= sent_votes.acknowledged
        together.anonymous += sent_votes.anonymous
        together.wrong_answers += sent_votes.wrong_answers
    return together
