"""Starts the driver process of a phase and listens to it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from loadtest.phase import Message, Phase, PhaseProgress, PhaseResult

_DRIVER: Final = "loadtest.driver"
_MESSAGES: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_END_GRACE: Final = 15.0  # seconds beyond the phase's own time-outs before the driver is killed


class DriverError(Exception):
    """The driver ended without a result; the text says where its log is."""


async def run_phase(
    phase: Phase, log: Path, stop: asyncio.Event, on_progress: Callable[[PhaseProgress], None]
) -> PhaseResult:
    """Run a phase in a process of its own and return its result.

    What the driver complains of is appended to `log`. Setting `stop` ends the phase early. Raises
    `DriverError` when the driver fails.
    """
    limit = phase.warm_up + phase.seconds + phase.timeout + _END_GRACE
    try:
        async with asyncio.timeout(limit), _driver(phase, log) as driver:
            stopper = asyncio.create_task(_interrupt_when(stop, driver))
            try:
                result = await _listen(driver, on_progress)
            finally:
                stopper.cancel()
    except TimeoutError:
        result = None
    if result is None:
        raise DriverError(f"phase {phase.name!r}: the load driver failed; see {log}")
    return result


@asynccontextmanager
async def _driver(phase: Phase, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as stderr:
        driver = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _DRIVER,
            msgspec.json.encode(phase).decode(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=driver_environment(),
            start_new_session=True,  # a Ctrl-C reaches us alone, and we tell the driver
        )
    try:
        yield driver
        await driver.wait()
    finally:
        if driver.returncode is None:
            driver.kill()
            await driver.wait()


def driver_environment() -> dict[str, str]:
    """Return the environment in which the driver keeps time and finds its modules."""
    # libev's select backend keeps time to the microsecond, its epoll backend to the millisecond:
    # with the latter every vote would leave half a millisecond late.
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GEVENT_BACKEND": "select",
    }


async def _interrupt_when(stop: asyncio.Event, driver: asyncio.subprocess.Process) -> None:
    await stop.wait()
    driver.send_signal(signal.SIGINT)


async def _listen(
    driver: asyncio.subprocess.Process, on_progress: Callable[[PhaseProgress], None]
) -> PhaseResult | None:
    assert driver.stdout is not None  # noqa: S101 - it was asked for above
    async for line in driver.stdout:
        message = _MESSAGES.decode(line)
        if isinstance(message, PhaseResult):
            return message
        on_progress(message)
    return None
