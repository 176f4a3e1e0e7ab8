"""The dashboard for operators: health, speed and cost."""

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from k8s.dashboards.panels import QUARTER, THIRD, add_row, figures, graph, new_dashboard

type _Panel = bargauge.Panel | stat.Panel | timeseries.Panel


def operation_dashboard() -> Dashboard:
    """Return the dashboard."""
    board = new_dashboard(
        "Votes: operation", "votes-operation", "Health, speed and cost of the voting system."
    )
    add_row(board, "Health", *_health())
    add_row(board, "Routes", *_routes())
    add_row(board, "Counting", *_counting())
    add_row(board, "Cost", *_cost())
    return board


def _health() -> list[_Panel]:
    return [
        figures(
            "Ready",
            "Ready instances, by service.",
            {"{{job}}": "sum by (job) (service_ready)"},
            width=2 * QUARTER,
            red_below=1,
        ),
        figures(
            "Halted partitions",
            "Partitions whose topic is not the one counted before. Needs an operator.",
            {"halted": "sum(max by (partition) (svc_consumer_partition_halted))"},
            red_from=1,
        ),
        figures(
            "Votes not counted yet",
            "Records in Kafka that are not yet in both stores.",
            {"votes": "sum(max by (partition) (svc_consumer_lag_records))"},
        ),
    ]


def _routes() -> list[_Panel]:
    return [
        graph(
            "Votes per second",
            "Accepted votes: Kafka has acknowledged them.",
            {"{{route}}": "sum by (route) (rate(votes_accepted_total[$__rate_interval]))"},
        ),
        graph(
            "Errors per second",
            "Responses other than 202. 4xx: client error. 503: clients retry, nothing is lost.",
            {
                "{{route}} {{status}}": (
                    "sum by (route, status) (rate(votes_refused_total[$__rate_interval])) > 0"
                )
            },
        ),
        graph(
            "Latency, gRPC route",
            "From parsed request to response, for accepted votes.",
            _latency("grpc"),
            unit="s",
            width=THIRD,
        ),
        graph(
            "Latency, HTTP route",
            "From parsed request to response, for accepted votes.",
            _latency("http"),
            unit="s",
            width=THIRD,
        ),
        graph(
            "Votes per batch",
            "Average votes per batch; batches grow with the load.",
            {"{{job}} to {{to}}": _mean("vote_batch_size", "job, to")},
            width=THIRD,
        ),
    ]


def _counting() -> list[_Panel]:
    return [
        graph(
            "Lag",
            "Records of each partition not yet in both stores.",
            {"partition {{partition}}": "max by (partition) (svc_consumer_lag_records)"},
        ),
        graph(
            "Counted per second",
            "Votes added to the tally, including those added again after a loss.",
            {"{{route}}": "sum by (route) (rate(votes_counted_total[$__rate_interval]))"},
        ),
        graph(
            "Not counted",
            "Since the consumers started. Duplicates: copies of counted votes. Rejected: no votes.",
            {
                "duplicates": "sum(votes_duplicate_total)",
                "rejected": "sum(votes_rejected_total)",
            },
            width=THIRD,
        ),
        graph(
            "Records per batch",
            "Average records per batch of a partition.",
            {"records": _mean("svc_consumer_batch_records", "job")},
            width=THIRD,
        ),
        graph(
            "Time per batch",
            "From reading a batch to storing it in both stores.",
            {
                f"p{percent}": _quantile(percent, "svc_consumer_batch_seconds_bucket", "")
                for percent in (50, 99)
            },
            unit="s",
            width=THIRD,
        ),
    ]


def _cost() -> list[_Panel]:
    return [
        graph(
            "CPU time per vote",
            "For each service a vote passes through: two on the gRPC route, one on the HTTP route.",
            {"{{job}}": "job:cpu_seconds_per_vote:rate1m"},
            unit="s",
        ),
        graph(
            "CPU time per vote and route",
            "The services of each route, excluding the consumer, which serves both.",
            {
                "grpc": 'sum(job:cpu_seconds_per_vote:rate1m{job=~"svc_grpc_.*"})',
                "http": 'sum(job:cpu_seconds_per_vote:rate1m{job="svc_http_route"})',
            },
            unit="s",
        ),
        graph(
            "CPUs in use",
            "Sum over all instances of a service.",
            {"{{job}}": "job:cpu_seconds:rate1m"},
            stacked=True,
        ),
        graph(
            "Memory",
            "The largest instance of each service.",
            {"{{job}}": 'max by (job) (process_resident_memory_bytes{job=~"svc_.*"})'},
            unit="bytes",
        ),
    ]


def _latency(route: str) -> dict[str, str]:
    selector = f'{{route="{route}"}}'
    return {
        f"p{percent}": _quantile(percent, "vote_request_seconds_bucket", selector)
        for percent in (50, 90, 99)
    }


def _quantile(percent: int, buckets: str, selector: str) -> str:
    rates = f"sum by (le) (rate({buckets}{selector}[$__rate_interval]))"
    return f"histogram_quantile({percent / 100:g}, {rates})"


def _mean(histogram: str, labels: str) -> str:
    sums, counts = (
        f"sum by ({labels}) (rate({histogram}_{part}[$__rate_interval]))"
        for part in ("sum", "count")
    )
    return f"{sums} / {counts}"
