"""What the consumer needs of the two stores; `VoteLog` and `TallyStore` implement it."""

from collections.abc import Sequence
from typing import Any, Protocol

from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import Place
from voting.stores.tally_store import TallyMove
from voting.stores.vote_log import LogMove, StoredPosition


class LogStore(Protocol):
    """The vote log: votes, and a position per partition that only its owner advances."""

    async def ensure_indexes(self) -> None:
        """Do as `VoteLog.ensure_indexes` does."""

    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        """Do as `VoteLog.insert` does."""
        ...

    async def places(self, ids: Sequence[str]) -> dict[str, Place]:
        """Do as `VoteLog.places` does."""
        ...

    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None:
        """Do as `VoteLog.rewrite` does."""

    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        """Do as `VoteLog.sum_up` does."""
        ...

    async def id_at(self, place: Place) -> str | None:
        """Do as `VoteLog.id_at` does."""
        ...

    async def claim(self, partition: int, owner: str, partitions: int) -> StoredPosition | None:
        """Do as `VoteLog.claim` does."""
        ...

    async def advance(self, moves: Sequence[LogMove]) -> int:
        """Do as `VoteLog.advance` does."""
        ...

    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        """Do as `VoteLog.positions` does."""
        ...


class CounterStore(Protocol):
    """The tally: counters, and a position per partition that advances together with them."""

    async def claim(self, partition: int) -> str:
        """Do as `TallyStore.claim` does."""
        ...

    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        """Do as `TallyStore.positions` does."""
        ...

    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        """Do as `TallyStore.advance` does."""
        ...
