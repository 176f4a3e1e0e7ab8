"""Where the partitions of the topic of votes end now."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from voting.ledger.connection import connection_arguments
from voting.ledger.settings import KafkaSettings

_ANSWER_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 5.0


class EndsUnknownError(Exception):
    """Kafka did not say where all partitions end; the text says why."""


class VoteEnds:
    """Asks Kafka. That is rare, so it connects each time."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_topic

    async def read(self) -> tuple[int, ...]:
        """Return the offset behind the last record of each partition, in order.

        It is asked after the call, so each record that was acknowledged before lies below: the
        leader of a partition acknowledges what it would also let a reader see. Raises
        `EndsUnknownError`.
        """
        consumer: AIOKafkaConsumer[Any, Any] = AIOKafkaConsumer(**self._connection)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await consumer.start()
                if self._topic not in await consumer.topics():
                    raise EndsUnknownError(f"topic {self._topic} does not exist")
                numbers = sorted(await consumer._client._wait_on_metadata(self._topic))
                if not numbers or numbers != list(range(len(numbers))):
                    raise EndsUnknownError(f"topic {self._topic} has partitions {numbers}")
                where = [TopicPartition(self._topic, number) for number in numbers]
                ends = await consumer.end_offsets(where)
        except (KafkaError, TimeoutError, OSError) as error:
            raise EndsUnknownError(str(error) or "Kafka is not responding") from error
        finally:
            await _close(consumer)
        if ends.keys() != {*where} or any(end < 0 for end in ends.values()):
            raise EndsUnknownError(f"topic {self._topic} does not tell all of its ends")
        return tuple(ends[partition] for partition in where)


async def _close(consumer: AIOKafkaConsumer[Any, Any]) -> None:
    try:
        await asyncio.wait_for(consumer.stop(), _CLOSE_SECONDS)
    except KafkaError, TimeoutError, OSError:
        await consumer._client.close()
