"""What the consumer waits for, reported once per change."""

from collections.abc import Iterable

from voting.service.lifecycle import Readiness


class Waiting:
    """The servers that are down; the service is ready when there are none.

    At first, all of `servers` count as down.
    """

    def __init__(self, readiness: Readiness, servers: Iterable[str]) -> None:
        self._readiness = readiness
        self._reasons = dict.fromkeys(servers, "")
        self._report()

    def __bool__(self) -> bool:
        """Whether any server is down."""
        return bool(self._reasons)

    def down(self, server: str, reason: str) -> None:
        """Wait for a server; the first reason stands until it is up again."""
        if not self._reasons.get(server):
            self._reasons[server] = reason
            self._report()

    def up(self, *servers: str) -> None:
        """Stop waiting for these servers."""
        if self._reasons.keys() & servers:
            for server in servers:
                self._reasons.pop(server, None)
            self._report()

    def _report(self) -> None:
        if not self._reasons:
            self._readiness.set_ready()
            return
        servers = (f"{name} ({why})" if why else name for name, why in self._reasons.items())
        self._readiness.set_not_ready(f"waiting for {', '.join(servers)}")
