"""Lets users of Kafka do what they need, by its access control lists."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest


class Resource(IntEnum):
    """What a right is about; the numbers are Kafka's."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What a user may do; whoever may read or write may describe. The numbers are Kafka's."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


class Right(NamedTuple):
    """A user may do something to one topic or group."""

    user: str
    operation: Operation
    resource: Resource
    name: str


class RightRefusedError(Exception):
    """Kafka refuses to grant a right; the text names it and the reason."""


_LITERAL: Final = 3  # the resource of exactly this name
_ALLOW: Final = 3
_ANY_HOST: Final = "*"


async def grant(client: AIOKafkaAdminClient, rights: Sequence[Right]) -> None:
    """Grant these rights; those that are granted already stay so.

    Raises RightRefusedError, or KafkaError if Kafka does not answer.
    """
    for right in rights:
        answer = await client._send_request(
            CreateAclsRequest(
                resource_type=right.resource,
                resource_name=right.name,
                resource_pattern_type_filter=_LITERAL,
                principal=f"User:{right.user}",
                host=_ANY_HOST,
                operation=right.operation,
                permission_type=_ALLOW,
            )
        )
        [(code, reason)] = answer.creation_responses
        if code:
            what = f"{right.operation.name} on {right.resource.name} {right.name}"
            raise RightRefusedError(
                f"Kafka refuses to let {right.user} {what}: {for_code(code).__name__} {reason}"
            )
