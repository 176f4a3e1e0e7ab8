"""Keeps the node's components running. It is the first process of the node's own process tree."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from cluster.common import network
from cluster.common.places import LOG, PKI
from cluster.node.api import Api
from cluster.node.components import Component
from harness.processes.console import say

_POLL_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 1.0
"""Between the end of a component and its next start."""

_ENDED: Final = f" exited; restarting in {_PAUSE_SECONDS:g} s"


class Supervisor:
    """Starts components, restarts those that end, and reaps every orphaned process."""

    def __init__(self, logs: Path = LOG) -> None:
        """Write each component's output to `logs`."""
        self._logs = logs
        self._running: dict[int, Component] = {}
        self._due: list[tuple[float, Component]] = []

    def start(self, component: Component) -> None:
        """Start a component."""
        with Path(self._logs, f"{component.name}.log").open("ab") as log:
            child = subprocess.Popen(
                component.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=component.listening,
                process_group=0,
            )
        child.returncode = 0  # only `reap` waits for it
        self._running[child.pid] = component

    def reap(self) -> None:
        """Reap all processes that have ended, and restart what is due."""
        while pid := _reap_one():
            if component := self._running.pop(pid, None):
                say(f"{component.name}{_ENDED}")
                self._due.append((time.monotonic() + _PAUSE_SECONDS, component))
        now = time.monotonic()
        for component in [component for due, component in self._due if due <= now]:
            self.start(component)
        self._due = [(due, component) for due, component in self._due if due > now]

    def run(self, components: Iterable[Component], prepare: Callable[[], object]) -> None:
        """Start everything and never return.

        When the API server is ready, first `prepare()`, then start what needs it.
        """
        waiting = list(components)
        api = Api(PKI, "admin", network.API_PORT)
        while True:
            ready = bool(waiting) and api.is_ready()
            if ready:
                prepare()
            for component in [c for c in waiting if ready or not c.needs_api]:
                self.start(component)
                waiting.remove(component)
            time.sleep(_POLL_SECONDS)
            self.reap()


def _reap_one() -> int:
    """Reap a child that has ended and return its pid; 0 if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def restarts(log: str) -> Counter[str]:
    """Return how often each component was restarted, from a supervisor's output."""
    lines = log.splitlines()
    return Counter(line.removesuffix(_ENDED) for line in lines if line.endswith(_ENDED))
