"""The metrics of the results service's feed."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

WATCHERS: Final = Gauge("svc_results_watchers", "Open streams of events.")
FRAMES_SENT: Final = Counter("svc_results_frames_sent", "Snapshots sent to watchers.")
FRAMES_DROPPED: Final = Counter(
    "svc_results_frames_dropped", "Snapshots skipped for slow watchers."
)
WATCHERS_STALLED: Final = Counter(
    "svc_results_watchers_stalled", "Watchers disconnected because they stopped reading."
)
READ_SECONDS: Final = Histogram(
    "svc_results_read_seconds",
    "Time of a successful read, by source.",
    ["source"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
READ_FAILURES: Final = Counter(
    "svc_results_read_failures", "Reads that failed, by source.", ["source"]
)
