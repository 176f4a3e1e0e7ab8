"""svc_consumer without one or both stores: a stand-in answers at once.

`python -m bench.cases.consumer_without_store` takes the settings of svc_consumer and
`WITHOUT_TALLY`. What the real consumer costs more than this one is the cost of the store's client.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, override

from msgspec import Meta

from svc_consumer.counting.store_protocols import CounterStore, LogStore
from svc_consumer.service import serve
from svc_consumer.settings import ConsumerSettings
from voting.domain.tally import Tally
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.stores.errors import NO_POSITION
from voting.stores.log_slices import SliceSum
from voting.stores.logged_vote import Place
from voting.stores.tally_store import TallyMove, TallyStore
from voting.stores.vote_log import LogMove, StoredPosition


class WithoutStoreSettings(ConsumerSettings, frozen=True, kw_only=True):
    """The settings of svc_consumer, and whether there is a tally."""

    without_tally: Annotated[bool, Meta(description="Leave out Redis, too.")] = False


class NoVoteLog(LogStore):
    """A vote log for which every vote is new, and which keeps only positions."""

    def __init__(self) -> None:
        self._stored: dict[int, StoredPosition] = {}

    @override
    async def ensure_indexes(self) -> None:
        pass

    @override
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        return []

    @override
    async def places(self, ids: Sequence[str]) -> dict[str, Place]:
        return {}

    @override
    async def rewrite(self, documents: Sequence[dict[str, Any]]) -> None:
        pass

    @override
    async def sum_up(self, partition: int, after: int, upto: int) -> SliceSum:
        return SliceSum(Tally(), None)

    @override
    async def id_at(self, place: Place) -> str | None:
        return None

    @override
    async def claim(self, partition: int, owner: str, partitions: int) -> StoredPosition:
        stored = self._stored.get(partition, StoredPosition(NO_POSITION, owner, partitions))
        self._stored[partition] = stored._replace(owner=owner)
        return self._stored[partition]

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        for move in moves:
            stored = self._stored[move.partition]
            self._stored[move.partition] = stored._replace(position=move.position)
        return len(moves)

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, StoredPosition]:
        return {p: self._stored[p] for p in partitions if p in self._stored}


class NoTally(CounterStore):
    """A tally that keeps only positions."""

    def __init__(self) -> None:
        self._stored: dict[int, str] = {}

    @override
    async def positions(self, partitions: Sequence[int]) -> dict[int, str]:
        return {p: self._stored.get(p, NO_POSITION) for p in partitions}

    @override
    async def claim(self, partition: int) -> str:
        return self._stored.get(partition, NO_POSITION)

    @override
    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        self._stored |= {move.partition: move.position for move in moves}
        return [move.position for move in moves]


async def _serve(settings: WithoutStoreSettings) -> None:
    tally = NoTally() if settings.without_tally else TallyStore(settings.redis_url)
    await serve(settings, NoVoteLog(), tally)


def main() -> None:
    """Count until stopped."""
    settings = load_settings(WithoutStoreSettings, "consumer_without_store")
    configure_logging(settings, "svc_consumer")
    asyncio.run(_serve(settings))


if __name__ == "__main__":
    main()
