"""Creates topics in Kafka."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from harness.processes.errors import ServerError
from harness.processes.waiting import until
from voting.ledger import topics as kafka_topics
from voting.ledger.settings import ALBUMS_TOPIC

_LIMIT_SECONDS: Final = 30.0
_COMPACTED: Final = (ALBUMS_TOPIC,)


def create_topics(bootstrap_servers: str, partitions: Mapping[str, int], replicas: int = 1) -> None:
    """Create those of the topics that do not exist, with this many replicas.

    Works inside and outside of a running event loop. Raises ServerError when Kafka refuses or
    does not answer within 30 seconds.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:  # the caller's may run a loop already
        thread.submit(
            asyncio.run, _create_in_time(bootstrap_servers, partitions, replicas)
        ).result()


async def _create_in_time(
    bootstrap_servers: str, partitions: Mapping[str, int], replicas: int
) -> None:
    try:
        await asyncio.wait_for(_create(bootstrap_servers, partitions, replicas), _LIMIT_SECONDS)
    except TimeoutError as error:
        raise ServerError(
            f"kafka did not create the topics within {_LIMIT_SECONDS:.0f} s"
        ) from error


async def _create(bootstrap_servers: str, partitions: Mapping[str, int], replicas: int) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await client.start()
    try:
        await kafka_topics.create_topics(client, partitions, replicas, _COMPACTED)
        # The node that answers may hear of them later than the one that made them.
        await until(lambda: _are_known(client, list(partitions)), "topics that Kafka knows")
    except kafka_topics.TopicRefusedError as error:
        raise ServerError(str(error)) from error
    finally:
        await client.close()


async def _are_known(client: AIOKafkaAdminClient, topics: list[str]) -> bool:
    described = await client.describe_topics(topics)
    return not any(
        part["error_code"] for topic in described for part in (topic, *topic["partitions"])
    )
