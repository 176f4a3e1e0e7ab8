"""The consumer's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from voting.domain.vote import Route

COUNTED: Final = Counter(
    "votes_counted_total",
    "Votes added to the tally from the ledger.",
    ["route"],
)
HEALED: Final = Counter(
    "votes_healed_total",
    "Votes added to the tally from the vote log, to refill a tally that lost them.",
    ["route"],
)
DUPLICATES: Final = Counter(
    "votes_duplicate_total", "Copies of votes not counted because an earlier copy was."
)
REJECTED: Final = Counter(
    "votes_rejected_total", "Invalid records, written to the topic of rejected records."
)
REPAIRED: Final = Counter(
    "votes_repaired_total",
    "Votes corrected to their first copy, after the vote log lost it and took a later one.",
)
RESYNCS: Final = Counter(
    "svc_consumer_resyncs_total",
    "Times a partition was re-read from its stored positions, by cause.",
    ["cause"],
)
LAG: Final = Gauge(
    "svc_consumer_lag_records",
    "Records of a partition not yet in both stores; partitions of this consumer only.",
    ["partition"],
)
HALTED: Final = Gauge(
    "svc_consumer_partition_halted",
    "1 for a partition halted because its topic is not the one counted before.",
    ["partition"],
)
ALBUMS: Final = Gauge(
    "svc_consumer_albums",
    "Distinct albums in the tally, reported by the consumer that has the first partition.",
)
ALBUMS_LIMIT: Final = Gauge(
    "svc_consumer_albums_limit",
    "Distinct albums at which votes for new albums are no longer accepted.",
)
RULINGS_WAIT: Final = Gauge(
    "svc_consumer_rulings_wait",
    "1 while rulings in force are not in the tally yet, at the consumer of the first partition.",
)
BATCH_RECORDS: Final = Histogram(
    "svc_consumer_batch_records",
    "Records processed in one batch of one partition.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS: Final = Histogram(
    "svc_consumer_batch_seconds",
    "Time to process the batches of partitions taken in together.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)

# Exported from the start: a series that appears with its first event shows no increase.
for _route in Route:
    COUNTED.labels(_route)
    HEALED.labels(_route)
