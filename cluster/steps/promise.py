"""The promise, over all steps: every vote that was taken counts, and counts once."""

from types import SimpleNamespace
from typing import cast

from aiokafka.errors import KafkaError

from cluster.steps.names import DATABASE, KAFKA, MONGODB, REDIS
from cluster.steps.step import StepError, World, until
from harness.promise.check import violations
from harness.promise.stores_reader import Books, Reader
from harness.system.weakened import System
from harness.voters.register import Register
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog


async def kept(world: World) -> str:
    """Read the ledger, the log and the tally when they are in step, and check every vote."""
    log, tally = VoteLog(MONGODB, DATABASE), TallyStore(REDIS)
    # All that a reader asks of the system is where Kafka is.
    reader = Reader(cast("System", SimpleNamespace(bootstrap_servers=KAFKA)), log, tally)

    async def in_step() -> bool:
        try:
            return (await reader.positions()).in_step
        except StoreUnavailableError, KafkaError, TimeoutError:
            return False  # a pod that was deleted a moment ago is only coming back

    try:
        await until("log and tally have all of the ledger", in_step, 120)
        books = await reader.books()
    finally:
        log.close()
        await tally.close()
    told = _together([*world.registers, world.others])
    _accept_other_routes(told, books)
    found = violations(told, books)
    if found:
        raise StepError("; ".join(map(str, found)))
    return f"{len(told.acknowledged)} of {len(books.logged)} votes looked up, 0 lost, 0 double"


def _accept_other_routes(told: Register, books: Books) -> None:
    """Take for a vote's route the one that logged it.

    While a route has no pod at all, Traefik sends the votes that ask for it over the other one,
    where they count as well. Who may take which route is judged by the steps about routing.
    """
    for vote in books.logged:
        if ballot := told.sent.get(vote.id):
            told.sent[vote.id] = ballot._replace(route=vote.route)


def _together(registers: list[Register]) -> Register:
    """Return all registers as one; what failed was judged where it happened."""
    together = Register()
    for register in registers:
        together.sent |= register.sent
        together.acknowledged |= register.acknowledged
        together.anonymous += register.anonymous
        together.wrong_answers += register.wrong_answers
    return together
