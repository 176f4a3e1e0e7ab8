"""Deletes topics of Kafka."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from chaos.faults.fault import FaultFailedError


async def delete_topic(address: str, topic: str) -> None:
    """Delete a topic; raise FaultFailedError when Kafka refuses."""
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        answer = await client.delete_topics([topic])
    finally:
        await client.close()
    for name, code in answer.topic_error_codes:
        if code:
            raise FaultFailedError(f"cannot delete {name}: {for_code(code).__name__}")
