"""Creates topics that keep their records for ever, as the ledger must."""

from collections.abc import Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

_FOR_EVER: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


class TopicRefusedError(Exception):
    """Kafka does not create a topic; the text says which and why."""


async def create_topics(
    client: AIOKafkaAdminClient, partitions: Mapping[str, int], replicas: int
) -> list[str]:
    """Create those of the topics that do not exist, with so many replicas; return their names.

    `partitions` gives their number by topic. A record is acknowledged when a majority of the
    replicas has it. Raises TopicRefusedError, or KafkaError when Kafka does not answer.
    """
    configs = {**_FOR_EVER, "min.insync.replicas": str(replicas // 2 + 1)}
    answer = await client.create_topics(
        [
            NewTopic(name, count, replication_factor=replicas, topic_configs=configs)
            for name, count in partitions.items()
        ]
    )
    for name, code, reason in answer.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            kind = for_code(code).__name__
            raise TopicRefusedError(f"kafka refuses topic {name}: {kind} {reason}")
    return [name for name, code, _ in answer.topic_errors if code == 0]
