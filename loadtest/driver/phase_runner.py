"""Starts the driver processes, gives each its part of every phase and joins their results."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from loadtest.driver.phase_parts import joined_progress, joined_results, parts_of
from loadtest.driver.samples import Samples
from loadtest.model.phase import Message, Phase, PhaseProgress, PhaseReady, PhaseResult

_DRIVER: Final = "loadtest.driver.process"
_MESSAGES: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_GRACE_SECONDS: Final = 15.0  # beyond the phase's own times, before a driver counts as stuck


class DriverError(Exception):
    """A driver ended without a result; the text says where its log is."""


class Drivers:
    """The driver processes, each of which sends its part of every phase's votes."""

    def __init__(self, processes: Sequence[asyncio.subprocess.Process], log: Path) -> None:
        self._drivers = [_Driver(process) for process in processes]
        self._log = log

    async def run_phase(
        self, phase: Phase, stop: asyncio.Event, on_progress: Callable[[PhaseProgress], None]
    ) -> tuple[PhaseResult, Samples]:
        """Run a phase and return its result and its samples.

        Setting `stop` ends the phase early. Raises `DriverError` when a driver fails.
        """
        parts = parts_of(phase, len(self._drivers))
        latest: dict[int, PhaseProgress] = {}

        def note(number: int, progress: PhaseProgress) -> None:
            latest[number] = progress
            on_progress(joined_progress(list(latest.values())))

        limit = phase.warm_up + phase.seconds + phase.timeout + _GRACE_SECONDS
        stopper = asyncio.create_task(self._interrupt_when(stop))
        try:
            async with asyncio.timeout(limit), asyncio.TaskGroup() as group:
                for driver, part in zip(self._drivers, parts, strict=True):
                    group.create_task(driver.prepare(part))
            async with asyncio.timeout(limit), asyncio.TaskGroup() as group:
                ends = [
                    group.create_task(driver.run(partial(note, n)))
                    for n, driver in enumerate(self._drivers)
                ]
        except* (TimeoutError, EOFError, OSError) as errors:
            text = f"phase {phase.name!r}: a load driver failed; see {self._log}"
            raise DriverError(text) from errors
        finally:
            stopper.cancel()
        return joined_results(parts, [end.result() for end in ends])

    async def _interrupt_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        for driver in self._drivers:
            driver.interrupt()


class _Driver:
    """One driver process. Its methods raise `EOFError` or `OSError` when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101 - both were asked for
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._input, self._output = process.stdin, process.stdout

    async def prepare(self, phase: Phase) -> None:
        """Send the phase; return when all its users are ready."""
        self._input.write(msgspec.json.encode(phase) + b"\n")
        await self._input.drain()
        while not isinstance(await self._next(), PhaseReady):
            pass

    async def run(self, on_progress: Callable[[PhaseProgress], None]) -> PhaseResult:
        """Begin the phase and return its result."""
        self._input.write(b"begin\n")
        await self._input.drain()
        while not isinstance(message := await self._next(), PhaseResult):
            if isinstance(message, PhaseProgress):
                on_progress(message)
        return message

    def interrupt(self) -> None:
        """End the phase early."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)

    async def _next(self) -> Message:
        line = await self._output.readline()
        if not line:
            raise EOFError
        return _MESSAGES.decode(line)


@asynccontextmanager
async def start_drivers(count: int, log: Path) -> AsyncIterator[Drivers]:
    """Run `count` drivers while the block runs; their errors are appended to `log`."""
    async with AsyncExitStack() as stack:
        yield Drivers([await stack.enter_async_context(_process(log)) for _ in range(count)], log)


@asynccontextmanager
async def _process(log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as stderr:
        driver = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _DRIVER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=driver_environment(),
            start_new_session=True,  # Ctrl-C reaches only us, and we interrupt the driver
        )
    try:
        yield driver
    finally:
        if driver.returncode is None:
            driver.kill()  # nothing to clean up: samples are written, connections are its own
        await driver.wait()


def driver_environment() -> dict[str, str]:
    """Return the environment in which a driver has exact timers and finds its modules."""
    # libev's select backend keeps time to the microsecond, its epoll backend to the millisecond:
    # with the latter every vote would leave half a millisecond late.
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GEVENT_BACKEND": "select",
    }
