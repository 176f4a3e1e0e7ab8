"""A consumer as a process, with a log of polls to which a test writes rulings."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from aiokafka import AIOKafkaProducer

from harness.processes.waiting import until
from svc_consumer.testing.consumer_process import ProcessTrial
from voting.client.samples import SAMPLE_POLLS
from voting.domain.tally import PollTally, tally_of
from voting.domain.vote import Vote
from voting.polls.event import Approve, Change, Open, Propose
from voting.polls.excluded import net
from voting.polls.ruling import vote_ids
from voting.service.clock_watch import now_ms
from voting.stores.tally_exclusion import PollStandings
from voting.stores.tally_reader import TallyReader
from voting.testing.polls import PollLog

POLL: Final = SAMPLE_POLLS[0]


class RuledTrial(ProcessTrial):
    """Consumers that follow a log of polls, to which the test writes."""

    polls = PollLog()
    """As this test's clock has it; Kafka's is that of the same machine."""

    async def begin(self) -> None:
        """Define and open the poll."""
        self.polls = PollLog()
        self.polls.define(now_ms(), POLL)
        await self._write()
        await self.append(Open())

    async def append(self, change: Change, author: str = "ana") -> None:
        """Append an event."""
        if refusal := self.polls.append(change, now_ms(), POLL, author).refusal:
            raise AssertionError(refusal)
        await self._write()

    async def rule_out(self, some: Sequence[Vote]) -> None:
        """Exclude these votes."""
        await self.append(Propose(vote_ids(UUID(vote.id).bytes for vote in some), "Bots"))
        await self.append(Approve(len(self.polls.book.polls[POLL].rulings)), "ben")

    async def _write(self) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all") as producer:
            await producer.send_and_wait(self.polls_topic, self.polls.records[-1][0])

    def left(self, excluded: Sequence[Vote]) -> PollTally:
        """Return what counts in the poll without these."""
        ids = {vote.id for vote in excluded}
        return tally_of(one for one in self.votes.values() if one.id not in ids).polls[POLL]

    async def shows(self, reader: TallyReader, expected: PollTally) -> PollStandings:
        """Return what the tally has, once its net sums are these."""
        keys = sorted(tally_of(self.votes.values()).polls[POLL].entries)
        found: list[PollStandings] = []

        async def reached() -> bool:
            try:
                found.append(await reader.poll_standings(POLL, keys))
            except ValueError:  # damaged
                return False
            return net(found[-1].counted, found[-1].exclusion.excluded) == expected

        await until(reached)
        return found[-1]
