"""Creates topics that keep their records for ever, as the ledger must, or the last of each key."""

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

_FOR_EVER: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
# Kafka notes when a record arrives, whatever clock its writer has: newest means arrived last.
_TIME_OF_ARRIVAL: Final = {"message.timestamp.type": "LogAppendTime"}
_SET_FOR_THE_TOPIC: Final = 1  # where a setting comes from, in Kafka's protocol

_COMPACTED: Final = {"cleanup.policy": "compact"}


class TopicRefusedError(Exception):
    """Kafka does not create a topic; the text says which and why."""


async def create_topics(
    client: AIOKafkaAdminClient,
    partitions: Mapping[str, int],
    replicas: int,
    compacted: Collection[str] = (),
) -> list[str]:
    """Create those of the topics that do not exist, with so many replicas; return their names.

    `partitions` gives their number by topic. A record is acknowledged when a majority of the
    replicas has it. Topics that are `compacted` keep the last record of each key. Raises
    TopicRefusedError, or KafkaError when Kafka does not answer.
    """
    configs = {**_FOR_EVER, **_TIME_OF_ARRIVAL, "min.insync.replicas": str(replicas // 2 + 1)}
    answer = await client.create_topics(
        [
            NewTopic(
                name,
                count,
                replication_factor=replicas,
                topic_configs=configs | (_COMPACTED if name in compacted else {}),
            )
            for name, count in partitions.items()
        ]
    )
    for name, code, reason in answer.topic_errors:
        if code != TopicAlreadyExistsError.errno:
            _check(code, reason, name)
    return [name for name, code, _ in answer.topic_errors if code == 0]


async def note_arrivals(client: AIOKafkaAdminClient, topics: Collection[str]) -> list[str]:
    """Let topics of an older version note when a record arrives; return the names of those.

    Their other settings stay as they are. Raises TopicRefusedError, or KafkaError when Kafka does
    not answer.
    """
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    changes = []
    for answer in await client.describe_configs(asked):
        for code, reason, _, name, entries in answer.resources:
            if code == UnknownTopicOrPartitionError.errno:
                continue  # made a moment ago, so by these rules: this broker will know it soon
            _check(code, reason, name)
            values = {entry[0]: entry[1] for entry in entries}
            ours = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_FOR_THE_TOPIC}
            if not _TIME_OF_ARRIVAL.items() <= values.items():
                # The request replaces all settings of the topic's own.
                configs = {**ours, **_TIME_OF_ARRIVAL}
                changes.append(ConfigResource(ConfigResourceType.TOPIC, name, configs))
    if changes:
        for answer in await client.alter_configs(changes):
            for code, reason, _, name in answer.resources:
                _check(code, reason, name)
    return [change.name for change in changes]


def _check(code: int, reason: str | None, topic: str) -> None:
    if code:
        kind = for_code(code).__name__
        raise TopicRefusedError(f"Kafka refuses topic {topic}: {kind} {reason}")
