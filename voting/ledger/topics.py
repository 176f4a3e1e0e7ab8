"""Creates topics that keep all records forever, as the ledger must, or the last of each key."""

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

_FOREVER: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
# Kafka records arrival times, whatever the writers' clocks say: the newest record arrived last.
_TIME_OF_ARRIVAL: Final = {"message.timestamp.type": "LogAppendTime"}
_SET_FOR_THE_TOPIC: Final = 1  # the source of a setting, in Kafka's protocol

_COMPACTED: Final = {"cleanup.policy": "compact"}


class TopicRefusedError(Exception):
    """Kafka refuses to create or change a topic; the text names it and the reason."""


async def create_topics(
    client: AIOKafkaAdminClient,
    partitions: Mapping[str, int],
    replicas: int,
    compacted: Collection[str] = (),
) -> list[str]:
    """Create the topics that do not exist, with this many replicas; return their names.

    `partitions` is the number of partitions by topic. A record is acknowledged once a majority of
    the replicas has it. Topics in `compacted` keep the last record of each key. Raises
    TopicRefusedError, or KafkaError if Kafka does not answer.
    """
    configs = {**_FOREVER, **_TIME_OF_ARRIVAL, "min.insync.replicas": str(replicas // 2 + 1)}
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


async def use_arrival_times(client: AIOKafkaAdminClient, topics: Collection[str]) -> list[str]:
    """Make topics of an older version record arrival times; return the names of those changed.

    Their other settings are kept. Raises TopicRefusedError, or KafkaError if Kafka does not answer.
    """
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    changes = []
    for answer in await client.describe_configs(asked):
        for code, reason, _, name, entries in answer.resources:
            if code == UnknownTopicOrPartitionError.errno:
                continue  # just created, with these settings; not known to this broker yet
            _check(code, reason, name)
            values = {entry[0]: entry[1] for entry in entries}
            ours = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_FOR_THE_TOPIC}
            if not _TIME_OF_ARRIVAL.items() <= values.items():
                # The request replaces all of the topic's own settings.
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
