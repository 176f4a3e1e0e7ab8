"""Metrics of accepted votes: counted without locks, assembled when scraped."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from time import time
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.samples import Exemplar

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class AcceptedVotes:
    """Counts a route's accepted votes and the time they took.

    Use it from one thread, the event loop's. `prometheus_client`'s own metrics lock twice per vote,
    which costs as much as parsing it.
    """

    def __init__(self, route: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._route = route
        self._counts = [0] * (len(_SECONDS) + 1)
        self._sum = 0.0
        self._examples: list[Exemplar | None] = [None] * len(self._counts)
        registry.register(self)

    def count(self, seconds: float) -> None:
        """Count a vote that was answered `seconds` after its request."""
        self._counts[bisect_left(_SECONDS, seconds)] += 1
        self._sum += seconds

    def give_example(self, seconds: float, trace_id: str) -> None:
        """Name the trace of a vote that was counted, as an example of its bucket."""
        example = Exemplar({"trace_id": trace_id}, seconds, time())
        self._examples[bisect_left(_SECONDS, seconds)] = example

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        votes = CounterMetricFamily(
            "votes_accepted",
            "Votes answered with 202, after Kafka acknowledged them.",
            labels=["route"],
        )
        votes.add_metric([self._route], sum(self._counts))
        yield votes
        seconds = HistogramMetricFamily(
            "vote_request_seconds",
            "Time from parsed request to response, for accepted votes.",
            labels=["route"],
        )
        bounds = [*map(str, map(float, _SECONDS)), "+Inf"]
        buckets = [
            (bound, count) if example is None else (bound, count, example)
            for bound, count, example in zip(
                bounds, accumulate(self._counts), self._examples, strict=True
            )
        ]
        seconds.add_metric([self._route], buckets, self._sum)
        yield seconds
