"""Creates missing topics, and grants rights if set so.

`python -m svc_consumer.topics`; `--help` lists its settings.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from svc_consumer.rights import rights
from svc_consumer.settings import TopicSettings
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.rights import RightRefusedError, grant
from voting.ledger.topics import TopicRefusedError, create_topics, use_arrival_times
from voting.service.logs import configure_logging
from voting.service.settings import load_settings

_NAME: Final = "svc_consumer.topics"
_log = logging.getLogger(_NAME)  # not __name__: it runs as __main__
_ANSWER_SECONDS: Final = 30
_PATIENCE_SECONDS: Final = 120
_RETRY_SECONDS: Final = 1

_NOT_YET: Final = (KafkaError, RightRefusedError, TopicRefusedError, TimeoutError)
"""What may pass: Kafka is starting, or has fewer nodes so far than replicas are needed."""


async def create(settings: TopicSettings) -> list[str]:
    """Create the missing topics and return their names; grant the services' rights, if set so.

    Raises TopicRefusedError, RightRefusedError, KafkaError or TimeoutError.
    """
    partitions = {
        settings.kafka_topic: settings.kafka_topic_partitions,
        settings.kafka_rejected_topic: 1,
        settings.kafka_albums_topic: 1,
        settings.kafka_polls_topic: 1,
    }
    connection = connection_arguments(settings)
    client = AIOKafkaAdminClient(**connection)
    async with asyncio.timeout(_ANSWER_SECONDS):
        try:
            await client.start()
            made = await create_topics(
                client,
                partitions,
                settings.kafka_topic_replicas,
                compacted=[settings.kafka_albums_topic],
            )
            await _use_arrival_times(client, partitions.keys() - made)
            if settings.kafka_grant_rights:
                await grant(client, rights(settings))
        except KafkaConnectionError as error:
            if refusal := await connection_refusal(connection):
                servers = settings.kafka_bootstrap_servers
                raise TopicRefusedError(f"Kafka at {servers}, {refusal}") from error
            raise
        finally:
            await client.close()
    return made


async def _use_arrival_times(client: AIOKafkaAdminClient, topics: Collection[str]) -> None:
    """Update topics created by an older version; only the order of the newest votes needs it."""
    try:
        changed = await use_arrival_times(client, topics)
    except TopicRefusedError as error:
        _log.warning("cannot set message.timestamp.type=LogAppendTime: %s", error)
    else:
        if changed:
            _log.info("set message.timestamp.type=LogAppendTime on %s", ", ".join(changed))


async def create_in_time(settings: TopicSettings, seconds: float) -> list[str]:
    """Create the missing topics, retrying for this many seconds; then raise the last error."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await create(settings)
        except _NOT_YET as error:
            if asyncio.get_running_loop().time() > end:
                raise
            _log.info("cannot create topics yet, retrying: %s", _reason(error))
            await asyncio.sleep(_RETRY_SECONDS)


def main(patience: float = _PATIENCE_SECONDS) -> None:
    """Create the missing topics and log them; on failure, exit with one line and status 1."""
    settings = load_settings(TopicSettings, _NAME)
    configure_logging(settings, "svc_consumer")
    try:
        made = asyncio.run(create_in_time(settings, patience))
    except _NOT_YET as error:
        raise SystemExit(f"{_NAME}: {_reason(error)}") from error
    _log.info("created %s", ", ".join(made) or "nothing: all topics exist")


def _reason(error: Exception) -> str:
    return str(error) or "Kafka is not responding"  # a TimeoutError has no text


if __name__ == "__main__":
    main()
