"""Reading a partition from its beginning, with a real broker."""

import itertools
from contextlib import aclosing
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.ports import free_port
from harness.servers.kafka_server import KafkaServer
from voting.ledger.errors import PartitionUnreadableError
from voting.ledger.partition_reader import Record, read_all, read_partition

pytest_plugins = ["harness.testing.fixtures"]

_NUMBERS: Final = itertools.count()


async def filled(kafka: KafkaServer, count: int) -> str:
    """Return the name of a topic with so many records in its second partition."""
    topic = f"read-{next(_NUMBERS)}"
    kafka.create_topics({topic: 2})
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all") as producer:
        for number in range(count):
            await producer.send(topic, b"%d" % number, key=b"key", partition=1)
    return topic


async def test_each_record_up_to_the_end_is_read_once_and_in_order(kafka: KafkaServer) -> None:
    topic = await filled(kafka, 2_500)
    connection = {"bootstrap_servers": kafka.address}
    for start, end in ((0, 2_500), (0, 2_499), (0, 1), (1_200, 1_300), (0, 0)):
        found: list[Record] = []
        async with aclosing(read_partition(connection, topic, 1, end, start)) as batches:
            async for batch in batches:
                assert len(batch) <= 1_000
                found += batch
        assert [record.offset for record in found] == list(range(start, end))
        assert [record.value for record in found] == [b"%d" % n for n in range(start, end)]
    assert len(await read_all(connection, topic, 1, 7)) == 7


async def test_what_cannot_be_read_is_said(
    kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"bootstrap_servers": kafka.address}
    with pytest.raises(PartitionUnreadableError, match="topic none does not exist"):
        await read_all(connection, "none", 0, 1)
    topic = await filled(kafka, 3)
    monkeypatch.setattr("voting.ledger.partition_reader._ANSWER_SECONDS", 2.0)
    with pytest.raises(PartitionUnreadableError):
        await read_all(connection, topic, 1, 4)
    with pytest.raises(PartitionUnreadableError):
        await read_all({"bootstrap_servers": f"127.0.0.1:{free_port()}"}, topic, 1, 4)


async def test_records_that_are_not_there_are_missed(kafka: KafkaServer) -> None:
    topic = await filled(kafka, 3)
    connection = {"bootstrap_servers": kafka.address}
    async with aclosing(read_partition(connection, topic, 1, 20, 9)) as batches:
        with pytest.raises(PartitionUnreadableError, match="no record at offset 9"):
            await anext(batches)
