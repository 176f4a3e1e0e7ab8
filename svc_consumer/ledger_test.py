import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer

from svc_consumer.ledger import Ledger
from svc_consumer.settings import ConsumerSettings


class Leaving:
    """A consumer of aiokafka, as far as leaving goes."""

    def __init__(self, *, broken: bool) -> None:
        self.leaving = asyncio.Event()
        self._broken = broken

    async def stop(self) -> None:
        self.leaving.set()
        if self._broken:
            raise asyncio.CancelledError
        await asyncio.Event().wait()


def ledger_with(consumer: Leaving) -> Ledger:
    ledger = Ledger(ConsumerSettings(), lambda: None)
    ledger._consumer = cast("AIOKafkaConsumer[bytes, bytes]", consumer)
    return ledger


async def test_it_ends_in_order_when_aiokafka_does_not() -> None:
    await ledger_with(Leaving(broken=True)).stop()


async def test_its_own_cancellation_is_passed_on() -> None:
    consumer = Leaving(broken=False)
    task = asyncio.create_task(ledger_with(consumer).stop())
    await consumer.leaving.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
