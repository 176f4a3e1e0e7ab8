"""Metrics that both routes share."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REFUSED: Final = Counter(
    "votes_refused_total",
    "Requests to POST /votes that were not accepted, by status code.",
    ["route", "status"],
)
# Every status that can occur: a series that starts with its first error shows no increase.
REFUSED_STATUSES: Final = (
    *(400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 417, 422, 429, 431, 499),
    *(500, 503),
)
BATCH_SIZE: Final = Histogram(
    "vote_batch_size",
    "Votes sent in one batch, by destination.",
    ["to"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
READY: Final = Gauge("service_ready", "1 while /readyz answers 200, else 0.")
