"""What all servers on this machine have in common: start, wait until ready, stop, restart."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from harness.processes.errors import NotReadyError, PortInUseError, ServerError
from harness.processes.ports import is_free
from harness.processes.process import Process

_log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
_REMIND_SECONDS: Final = 5.0


class Server(ABC):
    """A server on 127.0.0.1 that runs as a child process.

    Data and log are kept in folders, so a server that was stopped or killed continues where
    it ended, on the same port.
    """

    host = "127.0.0.1"
    start_limit_seconds = 180.0  # four systems at once on two slow cores need more than a minute
    stop_grace_seconds = 15.0

    def __init__(self, name: str, port: int, folder: Path) -> None:
        """`folder` takes the log `NAME.log` and the data, in a folder `NAME`."""
        self.name = name
        self.port = port
        self.data = folder / name
        self.log = folder / f"{name}.log"
        self._process: Process | None = None
        self._launched = 0.0

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    @property
    def ports(self) -> dict[str, int]:
        """All ports that the server listens on, by their names in `DEFAULT_PORTS`."""
        return {self.name: self.port}

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        """Whether the process exists, paused or not."""
        return self._process is not None and self._process.status is None

    @property
    def status(self) -> int | None:
        """How the process ended (negative: killed by that signal); None before that."""
        return self._process.status if self._process else None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    @abstractmethod
    def probe(self) -> None:
        """Send the server a real request; raise NotReadyError or OSError if it does not answer."""

    def environment(self) -> Mapping[str, str]:
        """Return the variables that the program gets in addition to our own."""
        return {}

    def prepare(self) -> None:  # noqa: B027 - most servers need nothing
        """Write what the program needs; called before every start."""

    def start(self) -> None:
        """Start the server, unless it is running, and return when it answers.

        Raises ServerError when it ends, or does not answer within `start_limit_seconds`.
        """
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the server and return at once; `wait_ready` does the waiting."""
        if self.running:
            return
        for port_name, port in self.ports.items():
            if not is_free(port):
                raise PortInUseError(port_name, port)
        if self._process is None and self.log.exists():
            self.log.replace(self.log.with_suffix(".log.old"))
        self.data.mkdir(parents=True, exist_ok=True)
        self.prepare()
        _log.info("%s: starting, waiting for %s", self.name, self.address)
        self._launched = time.monotonic()
        self._process = Process(self.command(), log=self.log, environment=self.environment())

    def wait_ready(self) -> None:
        """Return when the server answers its probe; raise ServerError as `start` does."""
        remind = self._launched + _REMIND_SECONDS
        while (reason := self._not_ready()) is not None:
            self.check_running()
            now = time.monotonic()
            if now > self._launched + self.start_limit_seconds:
                limit = f"{self.start_limit_seconds:.0f} s"
                raise ServerError(f"{self.name} not ready after {limit}: {reason}; log: {self.log}")
            if now > remind:
                _log.info("%s: still waiting for %s: %s", self.name, self.address, reason)
                remind = now + _REMIND_SECONDS
            time.sleep(_POLL_SECONDS)
        _log.info("%s: ready after %.1f s", self.name, time.monotonic() - self._launched)

    def check_running(self) -> None:
        """Raise ServerError when the process has ended."""
        if self._process is not None and (status := self._process.status) is not None:
            how = (
                f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
            )
            raise ServerError(f"{self.name} {how}{self._last_log_line()}; log: {self.log}")

    def __enter__(self) -> Self:
        """Start the server; it is stopped at the end of the block."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server with SIGTERM; kill it after `stop_grace_seconds`."""
        if self._process is not None:
            self._process.stop(self.stop_grace_seconds)

    def ask_to_stop(self) -> None:
        """Send SIGTERM and return at once; `stop` does the waiting."""
        if self._process is not None:
            self._process.ask_to_stop()

    def kill(self) -> None:
        """Kill the server (SIGKILL)."""
        self._running_process().kill()

    def pause(self) -> None:
        """Suspend the server: it keeps its connections and answers nothing."""
        self._running_process().pause()

    def resume(self) -> None:
        """Continue a paused server."""
        self._running_process().resume()

    def _running_process(self) -> Process:
        if self._process is None or not self.running:
            raise ServerError(f"{self.name} is not running; log: {self.log}")
        return self._process

    def _last_log_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return f" ({lines[-1].strip()[:200]})" if lines else ""

    def _not_ready(self) -> str | None:
        try:
            self.probe()
        except (NotReadyError, OSError) as error:
            return str(error)
        return None


def start_together(servers: Sequence[Server]) -> None:
    """Start servers that do not need each other; return when all answer. Errors: see `start`."""
    for server in servers:
        server.launch()
    for server in servers:
        server.wait_ready()


def stop_together(servers: Sequence[Server]) -> None:
    """Stop servers that do not need each other."""
    for server in servers:
        server.ask_to_stop()
    for server in servers:
        server.stop()
