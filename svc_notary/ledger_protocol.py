"""What the notary needs of the ledger."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from svc_notary.trees.partition_tree import Record


class Ledger(Protocol):
    """All partitions of the ledger, as `LedgerReader` reads them."""

    @property
    def partitions(self) -> int:
        """How many partitions the topic has, as far as is known."""
        ...

    async def start(self) -> int:
        """Connect, and return how many partitions there are."""
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from this offset on."""
        ...

    def pause(self, partition: int) -> None:
        """Stop reading a partition."""
        ...

    async def poll(self, wait_seconds: float) -> Mapping[int, Sequence[Record]]:
        """Return the next records, or none after `wait_seconds`."""
        ...

    async def records_at(self, offsets: Mapping[int, int]) -> Mapping[int, Record]:
        """Return the record at an offset of each of these partitions, as it is now."""
        ...

    async def ends(self) -> Mapping[int, int]:
        """Return where the partitions end."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...
