"""The metrics of every reader of the log of polls."""

from typing import Final

from prometheus_client import Gauge

HALTED: Final = Gauge(
    "polls_log_halted", "1 if the log of polls cannot be trusted: votes in polls get 503."
)
EVENT: Final = Gauge("polls_log_event", "Number of the last event of the log of polls.")
PROVED: Final = Gauge(
    "polls_log_proved_timestamp_seconds",
    "When the last event of the log of polls was last known to be the newest, in Unix time.",
)
