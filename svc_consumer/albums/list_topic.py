"""The topic with the list of known albums: one record for each change."""

import asyncio
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from svc_consumer.albums.limit import ListUnavailableError
from svc_consumer.settings import ConsumerSettings
from voting.domain.known_albums import AlbumList, encode_list
from voting.ledger.connection import connection_arguments

_KEY: Final = b"albums"  # the topic is compacted: it keeps the last record of a key
_SECONDS: Final = 10
_STOP_SECONDS: Final = 5
_BYTES_MAX: Final = 1_040_000


class AlbumListTopic:
    """Writes the list. That is rare, so it connects each time and disconnects afterwards."""

    def __init__(self, settings: ConsumerSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_albums_topic

    async def publish(self, albums: AlbumList) -> None:
        """Return when all in-sync replicas have the list; raise `ListUnavailableError`."""
        producer = AIOKafkaProducer(
            **self._connection,
            acks="all",
            max_batch_size=_BYTES_MAX,
            max_request_size=_BYTES_MAX,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                await producer.start()
                await producer.send_and_wait(
                    self._topic, encode_list(albums), key=_KEY, partition=0
                )
        except (KafkaError, TimeoutError, OSError) as error:
            reason = str(error) or "no acknowledgement in time"
            raise ListUnavailableError(f"topic {self._topic}: {reason}") from error
        finally:
            await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), _STOP_SECONDS)
    except KafkaError, TimeoutError, OSError:
        await producer.client.close()
