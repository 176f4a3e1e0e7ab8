"""Creates the topics that are not there yet: `python -m svc_consumer.topics`; `--help` for more."""

import asyncio
import logging
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from svc_consumer.settings import TopicSettings
from voting.kafka_connection import connection_arguments
from voting.kafka_topics import TopicRefusedError, create_topics
from voting.settings import load_settings
from voting.telemetry import configure_logging

_NAME: Final = "svc_consumer.topics"
_log = logging.getLogger(_NAME)  # not __name__: it runs as __main__
_LIMIT_SECONDS: Final = 30


async def create(settings: TopicSettings) -> list[str]:
    """Create them and return the names of those that were not there.

    Raises TopicRefusedError, KafkaError or TimeoutError.
    """
    partitions = {
        settings.kafka_topic: settings.kafka_topic_partitions,
        settings.kafka_rejected_topic: 1,
    }
    client = AIOKafkaAdminClient(**connection_arguments(settings))
    async with asyncio.timeout(_LIMIT_SECONDS):
        try:
            await client.start()
            return await create_topics(client, partitions, settings.kafka_topic_replicas)
        finally:
            await client.close()


def main() -> None:
    """Create them and say so; end with one line and status 1 when that cannot be."""
    settings = load_settings(TopicSettings, _NAME)
    configure_logging(settings.log_level)
    try:
        made = asyncio.run(create(settings))
    except (KafkaError, TopicRefusedError, TimeoutError) as error:
        raise SystemExit(f"{_NAME}: {error or 'Kafka does not answer'}") from error
    _log.info("created %s", ", ".join(made) or "nothing: all topics are there")


if __name__ == "__main__":
    main()
