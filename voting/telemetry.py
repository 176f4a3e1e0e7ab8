"""Logging, and the metrics that both routes share."""

import logging
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED: Final = Counter(
    "votes_accepted_total", "Votes answered with 202: Kafka has acknowledged them.", ["route"]
)
REFUSED: Final = Counter(
    "votes_refused_total", "Requests to POST /votes that got another answer.", ["route", "status"]
)
REQUEST_SECONDS: Final = Histogram(
    "vote_request_seconds",
    "Time from the parsed request to the answer of an accepted vote.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BATCH_SIZE: Final = Histogram(
    "vote_batch_size",
    "Votes that left together in one batch, by where the batch went.",
    ["to"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
READY: Final = Gauge("service_ready", "1 when /readyz answers 200: work can be taken now.")


def configure_logging(level: str) -> None:
    """Log to standard error at `level`, one line an event."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    # aiokafka reports every lost connection as an error of its own; what it means for the
    # service is said once by the service's readiness. At the level "debug" it writes passwords.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
