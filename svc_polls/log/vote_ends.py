"""Where the partitions of the topic of votes end now."""

from voting.ledger.connection import connection_arguments
from voting.ledger.settings import KafkaSettings
from voting.ledger.topic_ends import topic_ends


class VoteEnds:
    """Asks Kafka. That is rare, so it connects each time."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._connection = connection_arguments(settings)
        self._topic = settings.kafka_topic

    async def read(self) -> tuple[int, ...]:
        """Return the offset behind the last record of each partition, in order.

        Each record that was acknowledged before the call lies below. Raises `EndsUnknownError`.
        """
        async with topic_ends(self._connection, self._topic) as ends:
            return await ends.read()
