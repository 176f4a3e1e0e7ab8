"""Records in the topic that are not votes, as another program might write them."""

import asyncio
import uuid
from typing import Final

from aiokafka import AIOKafkaProducer

from chaos.faults.fault import Fault, Scene
from voting.client.samples import sample_vote
from voting.domain.codec import encode_vote
from voting.domain.vote import new_vote_id, partition_of
from voting.ledger.settings import VOTES_TOPIC

_TIMES: Final = 5
_PARTITIONS: Final = 6


async def _write(address: str) -> None:
    """Write garbage, empty records, a vote under another key, and one in a wrong partition."""
    vote_id = new_vote_id(0)
    vote = encode_vote(sample_vote(id=vote_id, name="Nobody", album="No vote"))
    right = partition_of(vote_id, _PARTITIONS)
    other_key, own_key = str(uuid.uuid4()).encode(), vote_id.encode()
    records = [
        (other_key, b"\xff\xff no vote", right),
        (other_key, None, right),
        (None, b"", right),
        (other_key, vote, right),
        (own_key, vote, (right + 1) % _PARTITIONS),
    ]
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        for key, value, partition in records:
            await producer.send_and_wait(VOTES_TOPIC, value, key=key, partition=partition)


def _write_invalid_records(scene: Scene) -> None:
    for _ in range(_TIMES):
        asyncio.run(_write(scene.system.bootstrap_servers))
        scene.wait_a_moment(0.5)


INVALID_RECORDS: Final = [
    Fault(
        "records that are no votes",
        "invalid and misplaced votes are written to Kafka",
        _write_invalid_records,
    )
]
