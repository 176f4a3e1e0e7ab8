"""The consumer's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from voting.domain.vote import Route

COUNTED: Final = Counter(
    "votes_counted_total",
    "Votes of the ledger added to the tally.",
    ["route"],
)
HEALED: Final = Counter(
    "votes_healed_total",
    "Votes added to the tally from the vote log, as a tally that lost them is filled again.",
    ["route"],
)
DUPLICATES: Final = Counter(
    "votes_duplicate_total", "Copies of votes that did not count because an earlier copy did."
)
REJECTED: Final = Counter(
    "votes_rejected_total", "Records that are no votes, written to the topic of rejected records."
)
REPAIRED: Final = Counter(
    "votes_repaired_total",
    "Votes whose later copy the log had taken after a loss, put right to their first copy.",
)
RESYNCS: Final = Counter(
    "svc_consumer_resyncs_total",
    "Times a partition was read again from its stored positions, by the kind of the cause.",
    ["cause"],
)
LAG: Final = Gauge(
    "svc_consumer_lag_records",
    "Records of a partition that are not in both stores yet; partitions of this consumer only.",
    ["partition"],
)
HALTED: Final = Gauge(
    "svc_consumer_partition_halted",
    "1 for a partition that stopped because its topic is not the one that was counted.",
    ["partition"],
)
ALBUMS: Final = Gauge(
    "svc_consumer_albums",
    "Different albums in the tally, told by the consumer that has the first partition.",
)
ALBUMS_LIMIT: Final = Gauge(
    "svc_consumer_albums_limit", "Different albums from which on no others may be voted on."
)
BATCH_RECORDS: Final = Histogram(
    "svc_consumer_batch_records",
    "Records of one partition that were taken in together.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS: Final = Histogram(
    "svc_consumer_batch_seconds",
    "Time to take in one batch of one partition.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)

# There from the start: a series that is born with its first event has no increase then.
for _route in Route:
    COUNTED.labels(_route)
    HEALED.labels(_route)
