"""Stores the votes of batches in the vote log and determines which copies win."""

from collections.abc import Sequence

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.copies import first_copies, judge
from svc_consumer.counting.store_protocols import LogStore
from svc_consumer.errors import StaleError
from svc_consumer.ledger.records import Copy
from svc_consumer.metrics import REPAIRED
from voting.stores.logged_vote import to_document


class LogProjection:
    """The vote log as a projection of the ledger: the first copy of each vote."""

    def __init__(self, log: LogStore) -> None:
        self._log = log

    async def take_in(self, batches: Sequence[Batch]) -> None:
        """Store the votes of batches together, and note which of their copies win.

        A batch whose votes vanish in between fails with `StaleError`.
        """
        first = [first_copies(batch.copies) for batch in batches]
        documents = [
            _document(batch.partition.number, copy)
            for batch, copies in zip(batches, first, strict=True)
            for copy in copies.values()
        ]
        known = await self._log.insert(documents)
        logged = await self._log.places(known) if known else {}
        lost = set(known) - logged.keys()
        to_rewrite: list[dict[str, object]] = []
        for batch, copies in zip(batches, first, strict=True):
            if lost & copies.keys():
                batch.error = StaleError("the vote log lost votes during the lookup")
                continue
            judgement = judge(batch.partition.number, copies, logged)
            batch.winners = judgement.winners
            to_rewrite += [_document(batch.partition.number, c) for c in judgement.to_rewrite]
        if to_rewrite:
            await self._log.rewrite(to_rewrite)
            REPAIRED.inc(len(to_rewrite))


def _document(partition: int, copy: Copy) -> dict[str, object]:
    return to_document(copy.vote, partition, copy.offset, copy.arrived_at_ms)
