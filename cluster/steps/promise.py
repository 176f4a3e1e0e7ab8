"""The promise, over all steps: every vote that was taken counts, and counts once."""

import asyncio

from chaos.books import Books
from chaos.check import violations
from chaos.ledger import end_offsets, read_ledger, read_valid_rejections
from chaos.register import Register
from cluster.steps.names import DATABASE, KAFKA, MONGODB, REDIS
from cluster.steps.step import StepError, World, until
from voting.logged_vote import LoggedVote
from voting.tally_store import TallyStore
from voting.vote_log import VoteLog

_PAGE = 1000


async def kept(world: World) -> str:
    """Read the ledger, the log and the tally when they are in step, and check every vote."""
    log, tally = VoteLog(MONGODB, DATABASE), TallyStore(REDIS)
    try:
        await until("log and tally have all of the ledger", lambda: _in_step(log, tally), 120)
        partitions = len(await end_offsets(KAFKA))
        books = Books(
            await read_ledger(KAFKA),
            await _logged(log),
            await tally.read(),
            await read_valid_rejections(KAFKA, partitions),
        )
    finally:
        log.close()
        await tally.close()
    told = _together([*world.registers, world.others])
    _accept_other_routes(told, books)
    found = violations(told, books)
    if found:
        raise StepError("; ".join(map(str, found)))
    return f"{len(told.acknowledged)} of {len(books.logged)} votes looked up, 0 lost, 0 double"


async def _in_step(log: VoteLog, tally: TallyStore) -> bool:
    ledger = await end_offsets(KAFKA)
    stored = await tally.positions(list(ledger))
    logged = await log.positions(list(ledger))
    positions = [
        {partition: _next(position) for partition, position in stored.items()},
        {p: _next(logged[p].position) if p in logged else 0 for p in ledger},
    ]
    return positions == [ledger, ledger]


def _next(position: str) -> int:
    return int(position.partition(":")[0]) + 1


async def _logged(log: VoteLog) -> list[LoggedVote]:
    votes: list[LoggedVote] = []
    while page := await log.newest(_PAGE, votes[-1].cursor if votes else None):
        votes += page
        await asyncio.sleep(0)
    return votes


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
