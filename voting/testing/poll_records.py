"""Events of polls, as records in Kafka."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer


def write_events(bootstrap_servers: str, values: Sequence[bytes]) -> None:
    """Append encoded events to the log of polls, in this order."""
    asyncio.run(_write(bootstrap_servers, values))


async def _write(bootstrap_servers: str, values: Sequence[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("polls", value, partition=0)
    finally:
        await producer.stop()
