"""Finds a Kafka cluster's active controller, and the leaders of partitions."""

import asyncio
import socket
import struct
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient

_LIMIT_SECONDS: Final = 5.0
_DESCRIBE_QUORUM: Final = 55
_METADATA_TOPIC: Final = b"__cluster_metadata"


class Leadership(NamedTuple):
    """The node that leads a partition, and those that have all of its records (by id)."""

    leader: int
    in_sync: list[int]


def active_controller(host: str, port: int) -> int:
    """Return the id of the active controller according to the node at this address.

    Sends DescribeQuorum, version 0, which aiokafka does not have. Raises OSError when the node
    does not answer, or names no leader.
    """
    # Compact arrays and strings: their length plus one. A zero ends each structure: no tags.
    header = struct.pack(">hhih", _DESCRIBE_QUORUM, 0, 1, -1) + b"\0"
    topic = bytes([2, len(_METADATA_TOPIC) + 1]) + _METADATA_TOPIC
    request = header + topic + b"\2" + struct.pack(">i", 0) + b"\0\0\0"
    with socket.create_connection((host, port), _LIMIT_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.makefile("rb").read(4 + 4 + 1 + 2 + len(topic) + 1 + 10)
    partition = answer[-10:]  # index, error code, leader
    _, error, leader = struct.unpack(">ihi", partition)
    if error or leader < 0:
        raise OSError(f"no active controller (error {error})")
    return int(leader)


async def partition_leaders(bootstrap_servers: str, topic: str) -> dict[int, Leadership]:
    """Return the leaders of a topic's partitions. Raises KafkaError or TimeoutError."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    async with asyncio.timeout(_LIMIT_SECONDS):
        await client.start()
        try:
            (found,) = await client.describe_topics([topic])
        finally:
            await client.close()
    return {p["partition"]: Leadership(p["leader"], p["isr"]) for p in found["partitions"]}
