"""Stores the votes of a batch in the vote log and determines which copies win."""

from collections.abc import Mapping, Sequence

from svc_consumer.counting.copies import first_copies, judge
from svc_consumer.counting.store_protocols import LogStore
from svc_consumer.errors import StaleError
from svc_consumer.ledger.records import Copy
from svc_consumer.metrics import REPAIRED
from voting.stores.logged_vote import Place, to_document


class LogProjection:
    """The vote log as a projection of the ledger: the first copy of each vote."""

    def __init__(self, log: LogStore) -> None:
        self._log = log

    async def take_in(self, partition: int, copies: Sequence[Copy]) -> list[Copy]:
        """Store the votes of a batch of a partition; return the copies that win.

        Raises `StaleError` when votes vanish in between.
        """
        first = first_copies(copies)
        logged = await self._insert(partition, first)
        if not logged:
            return list(first.values())
        judgement = judge(partition, first, logged)
        if judgement.to_rewrite:
            await self._log.rewrite([_document(partition, copy) for copy in judgement.to_rewrite])
            REPAIRED.inc(len(judgement.to_rewrite))
        return judgement.winners

    async def _insert(self, partition: int, copies: Mapping[str, Copy]) -> dict[str, Place]:
        """Store votes; return the places of those that the log had already."""
        known = await self._log.insert([_document(partition, copy) for copy in copies.values()])
        if not known:
            return {}
        places = await self._log.places(known)
        if len(places) < len(known):
            raise StaleError("the vote log lost votes during the lookup")
        return places


def _document(partition: int, copy: Copy) -> dict[str, object]:
    return to_document(copy.vote, partition, copy.offset, copy.arrived_at_ms)
