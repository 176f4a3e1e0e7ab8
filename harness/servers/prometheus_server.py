"""Prometheus, which records the services' metrics, with the same rules as in a cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from harness.processes.http_server import HttpServer
from harness.processes.programs import ROOT, find_program

_SCRAPE_INTERVAL: Final = "1s"
_RULES: Final = ROOT / "k8s/base/prometheus/rules.yaml"
_KEPT: Final = {"time": "7d", "size": "512MB"}


class PrometheusServer(HttpServer):
    """Prometheus, which scrapes every target each second and keeps a bounded amount of data."""

    ready_path = "/-/ready"

    def __init__(self, port: int, folder: Path, targets: Mapping[str, str]) -> None:
        """`targets` maps the name that becomes the label `job` to HOST:PORT."""
        super().__init__("prometheus", port, folder)
        self._targets = targets

    def command(self) -> list[str]:
        """Return the command line."""
        return [
            find_program("prometheus"),
            f"--config.file={self._config}",
            f"--web.listen-address={self.address}",
            f"--storage.tsdb.path={self.data / 'series'}",
            *(f"--storage.tsdb.retention.{key}={value}" for key, value in _KEPT.items()),
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]

    def prepare(self) -> None:
        """Write the list of what to scrape."""
        jobs = [
            {"job_name": name, "static_configs": [{"targets": [address]}]}
            for name, address in self._targets.items()
        ]
        timing = {"scrape_interval": _SCRAPE_INTERVAL, "scrape_timeout": _SCRAPE_INTERVAL}
        config = {
            "global": {**timing, "evaluation_interval": _SCRAPE_INTERVAL},
            "rule_files": [str(_RULES)],
            "scrape_configs": jobs,
        }
        self._config.write_bytes(msgspec.json.encode(config))  # JSON is YAML

    @property
    def _config(self) -> Path:
        return self.data / "prometheus.yml"
