"""What the consumer asks of the two stores; `VoteLog` and `TallyStore` do it."""

from collections.abc import Sequence
from typing import Any, Protocol

from voting.logged_vote import Place
from voting.tally import Tally
from voting.vote_log import StoredPosition


class LogStore(Protocol):
    """The vote log: votes, and a position per partition that only its owner moves on."""

    async def ensure_indexes(self) -> None: ...  # noqa: D102
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]: ...  # noqa: D102
    async def places(self, ids: Sequence[str]) -> dict[str, Place]: ...  # noqa: D102
    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None: ...  # noqa: D102
    async def claim(  # noqa: D102
        self, partition: int, owner: str, partitions: int
    ) -> StoredPosition | None: ...
    async def advance(  # noqa: D102
        self, partition: int, owner: str, expected: str, position: str
    ) -> bool: ...
    async def positions(  # noqa: D102
        self, partitions: Sequence[int]
    ) -> dict[int, StoredPosition]: ...


class CounterStore(Protocol):
    """The tally: counters, and a position per partition that moves on together with them."""

    async def positions(self, partitions: Sequence[int]) -> dict[int, str]: ...  # noqa: D102
    async def advance(  # noqa: D102
        self, partition: int, expected: str, position: str, delta: Tally
    ) -> str: ...
