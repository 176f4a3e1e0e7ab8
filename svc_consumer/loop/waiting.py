"""What the consumer waits for, said once per change."""

from collections.abc import Iterable

from voting.service.lifecycle import Readiness


class Waiting:
    """The servers that do not do their work now; ready is who waits for none.

    It waits for all of `servers` from the start.
    """

    def __init__(self, readiness: Readiness, servers: Iterable[str]) -> None:
        self._readiness = readiness
        self._reasons = dict.fromkeys(servers, "")
        self._tell()

    def __bool__(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self._reasons)

    def down(self, server: str, reason: str) -> None:
        """Wait for a server; the first reason is kept until it is up again."""
        if not self._reasons.get(server):
            self._reasons[server] = reason
            self._tell()

    def up(self, *servers: str) -> None:
        """Wait no more for these servers."""
        if self._reasons.keys() & servers:
            for server in servers:
                self._reasons.pop(server, None)
            self._tell()

    def _tell(self) -> None:
        if not self._reasons:
            self._readiness.set_ready()
            return
        servers = (f"{name} ({why})" if why else name for name, why in self._reasons.items())
        self._readiness.set_not_ready(f"waiting for {', '.join(servers)}")
