"""A container registry for tests: Debian's docker-registry."""

import json
from pathlib import Path

from harness.processes.http_server import HttpServer


class Registry(HttpServer):
    """A registry on 127.0.0.1, which asks for no password unless it is `closed`."""

    ready_path = "/"

    def __init__(self, port: int, folder: Path, *, closed: bool = False) -> None:
        """As for every server; a `closed` registry lets nobody in."""
        super().__init__("registry", port, folder)
        self._closed = closed

    def command(self) -> list[str]:
        """Return the command line."""
        return ["docker-registry", "serve", str(self._config)]

    def environment(self) -> dict[str, str]:
        """Keep it from looking for a collector of traces."""
        return {"OTEL_TRACES_EXPORTER": "none"}

    def prepare(self) -> None:
        """Write its configuration."""
        nobody = self.data / "nobody.htpasswd"
        nobody.touch()
        auth = {"htpasswd": {"realm": "registry", "path": str(nobody)}}
        config = {
            "version": "0.1",
            "log": {"accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.data / "blobs")}},
            "http": {"addr": self.address},
            **({"auth": auth} if self._closed else {}),
        }
        self._config.write_text(json.dumps(config))  # JSON is YAML

    @property
    def _config(self) -> Path:
        return self.data / "config.yml"
