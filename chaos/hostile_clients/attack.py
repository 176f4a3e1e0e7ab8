"""A hostile client in a process of its own, so that it does not slow the voters down."""

import asyncio
import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from random import Random
from typing import Final

from chaos.hostile_clients.catalogue import CLIENTS
from chaos.hostile_clients.client import AttackRecord, Target

# In reality it has a machine of its own, and does not use the servers' processors.
_NICENESS: Final = 10
_END_SECONDS: Final = 60.0


class AttackFailedError(Exception):
    """The hostile client's own process failed; the text says how."""


class Attack:
    """One client's attack; a `with` block bounds it."""

    def __init__(self, name: str, target: Target, seed: int, seconds: float) -> None:
        """Start at once; the attack ends by itself after `seconds`."""
        processes = multiprocessing.get_context("spawn")
        self._result, theirs = processes.Pipe(duplex=False)
        arguments = (name, target, seed, seconds, theirs)
        self._process = processes.Process(target=_attack, args=arguments, daemon=True)
        self._process.start()
        self.pid = self._process.pid
        theirs.close()

    def __enter__(self) -> Attack:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._result.close()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._result.poll() or not self._process.is_alive()

    def record(self) -> AttackRecord:
        """Return what came back, at the end; raise AttackFailedError when there is nothing."""
        if not self._result.poll(_END_SECONDS):
            raise AttackFailedError("the hostile client did not end")
        try:
            record = self._result.recv()
        except EOFError as error:
            raise AttackFailedError("the hostile client ended with an error") from error
        if not isinstance(record, AttackRecord):
            raise AttackFailedError(f"the hostile client returned {record!r}")
        return record


def _attack(name: str, target: Target, seed: int, seconds: float, result: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    os.nice(_NICENESS)
    result.send(asyncio.run(_attack_until_the_end(name, target, seed, seconds)))


async def _attack_until_the_end(
    name: str, target: Target, seed: int, seconds: float
) -> AttackRecord:
    random = Random(seed)  # noqa: S311 - the same seed must do the same
    client = CLIENTS[name](target, random)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await client.attack()
    return client.record
