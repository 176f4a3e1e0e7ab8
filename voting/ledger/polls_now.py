"""Reads the polls as their log has them now, for a command that does not follow it."""

from collections.abc import Mapping

from voting.ledger.connection import connection_arguments
from voting.ledger.partition_reader import read_all
from voting.ledger.settings import KafkaSettings
from voting.ledger.topic_ends import topic_ends
from voting.polls.book import PollBook
from voting.polls.poll import Poll


async def polls_now(settings: KafkaSettings) -> Mapping[str, Poll]:
    """Return all polls, by id.

    Raises `EndsUnknownError`, `PartitionUnreadableError`, or `BrokenLogError`.
    """
    connection, topic = connection_arguments(settings), settings.kafka_polls_topic
    async with topic_ends(connection, topic) as ends:
        [end] = await ends.read()
    book = PollBook()
    for record in await read_all(connection, topic, 0, end):
        book.apply(record.value, record.timestamp)
    return book.polls
