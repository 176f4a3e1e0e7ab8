"""The result as metrics, for Grafana's dashboards."""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from svc_results.result.snapshot import Snapshot

# Anyone may vote for an album of any name, and Prometheus keeps a series for each, so only the
# leading few are exported.
ALBUMS_EXPORTED: Final = 20


class ResultCollector(Collector):
    """Exports the current result whenever Prometheus scrapes.

    They are gauges, not counters, so they match the page even after the tally was emptied and
    refilled. Each instance exports the same result, so take the maximum, not the sum.
    """

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the votes of each route, the number of albums, and the votes of the first few."""
        snapshot = self._snapshot()
        routes = GaugeMetricFamily(
            "svc_results_route_votes", "Votes in the tally, by route.", labels=["route"]
        )
        for route, result in snapshot.routes.items():
            routes.add_metric([route], result.votes)
        yield routes
        yield GaugeMetricFamily(
            "svc_results_albums", "Distinct albums in the tally.", snapshot.album_count
        )
        albums = GaugeMetricFamily(
            "svc_results_album_votes",
            f"Votes in the tally for each of the {ALBUMS_EXPORTED} albums with the most votes.",
            labels=["name", "album", "year"],
        )
        for album in snapshot.albums[:ALBUMS_EXPORTED]:
            albums.add_metric([album.name, album.album, str(album.year)], album.votes)
        yield albums
