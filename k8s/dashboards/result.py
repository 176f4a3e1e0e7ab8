"""The dashboard for everyone: the current result."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from k8s.dashboards.panels import HALF, THIRD, bars, figures, graph, new_dashboard


def result_dashboard() -> Dashboard:
    """Return the dashboard."""
    return (
        new_dashboard("Votes: result", "votes-result", "Current results of the vote.")
        .with_panel(
            figures(
                "Votes",
                "All votes in the tally.",
                {"votes": "sum(max by (route) (svc_results_route_votes))"},
                width=THIRD,
            )
        )
        .with_panel(
            figures(
                "Votes per route",
                "Votes in the tally, by route.",
                {"{{route}}": "max by (route) (svc_results_route_votes)"},
                width=THIRD,
            )
        )
        .with_panel(
            figures(
                "Votes per second",
                "Votes currently being accepted.",
                {"votes per second": "sum(rate(votes_accepted_total[$__rate_interval]))"},
                width=THIRD,
            )
        )
        .with_panel(
            bars(
                "Votes per album",
                "The ten albums with the most votes.",
                {
                    "{{name}}: {{album}} ({{year}})": (
                        "topk(10, max by (name, album, year) (svc_results_album_votes))"
                    )
                },
            )
        )
        .with_panel(
            graph(
                "Votes per second and route",
                "Accepted votes: Kafka has acknowledged them.",
                {"{{route}}": "sum by (route) (rate(votes_accepted_total[$__rate_interval]))"},
                width=HALF,
                stacked=True,
            )
        )
    )
