"""Servers that report over HTTP whether they are ready."""

import http.client
from pathlib import Path
from typing import Final

from harness.processes.errors import NotReadyError
from harness.processes.server import Server

_PROBE_LIMIT_SECONDS: Final = 2.0


class HttpServer(Server):
    """A server that is ready when it answers 200 at `ready_path` on `probe_port`."""

    ready_path = "/readyz"

    def __init__(self, name: str, port: int, folder: Path) -> None:
        """As for every server; `port` is probed unless `probe_port` is set."""
        super().__init__(name, port, folder)
        self.probe_port = port

    @property
    def url(self) -> str:
        """http://HOST:PORT, without a slash at the end."""
        return f"http://{self.address}"

    def probe(self) -> None:
        """GET `ready_path`."""
        connection = http.client.HTTPConnection(
            self.host, self.probe_port, timeout=_PROBE_LIMIT_SECONDS
        )
        try:
            connection.request("GET", self.ready_path)
            response = connection.getresponse()
            body = response.read(200).decode(errors="replace").strip()
        except http.client.HTTPException as error:
            raise NotReadyError(f"no HTTP answer: {error!r}") from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise NotReadyError(f"{self.ready_path} answers {response.status} {body}")
