"""The metrics of svc_polls: read from the book when Prometheus asks."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import Counter as CounterMetric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from svc_polls.log.cutter import uncut_polls
from voting.polls.known_polls import KnownPolls
from voting.polls.phase import Phase, phase_of

CHANGES: Final = CounterMetric(
    "svc_polls_changes_total", "Requests to change polls, by change and status code.",
    ["change", "status"],
)  # fmt: skip


class PollsCollector(Collector):
    """What is known of the polls."""

    def __init__(self, known: KnownPolls, clock: Callable[[], int]) -> None:
        """`clock` is Unix time in milliseconds."""
        self._known = known
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all metrics."""
        now_ms = self._clock()
        phases = Counter(phase_of(poll, now_ms) for poll in self._known.book.polls.values())
        polls = GaugeMetricFamily("svc_polls_polls", "Polls by phase.", labels=["phase"])
        for phase in Phase:
            polls.add_metric([phase], phases[phase])
        yield polls
        to_cut = GaugeMetricFamily(
            "svc_polls_to_cut_seconds",
            "Time until the next cut, negative when it is overdue; absent if no poll has an end.",
        )
        for poll in uncut_polls(self._known)[:1]:
            to_cut.add_metric([], ((poll.settled_at_ms or 0) - now_ms) / 1000)
        yield to_cut
