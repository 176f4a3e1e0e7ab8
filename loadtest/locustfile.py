"""Votes for both routes under Locust's own command line and web page.

    ./bazelw run //loadtest:locust                    the web page, at the address it prints
    locust -f loadtest/locustfile.py                  the same with any Locust, from the root folder
    locust -f loadtest/locustfile.py --route grpc     every vote asks for the gRPC route
    locust -f loadtest/locustfile.py --processes 4    or --master and --worker, on several machines

Each user casts one vote a second, so the number of users is the number of votes a second. For
exact percentiles and the reconciliation with the vote log: `./bazelw run //loadtest:compare`.
"""

from argparse import ArgumentParser

from locust import constant_throughput, events, task

from loadtest.voter import VoteUser, new_client_id
from voting.vote import Route


def _add_route_option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--route",
        type=str.lower,
        choices=["split", *Route],
        default="split",
        help="the route to force, or 'split' to leave it to the splitter (default)",
    )


events.init_command_line_parser.add_listener(_add_route_option)  # type: ignore[no-untyped-call]


class Voter(VoteUser):
    """One person, one vote a second."""

    host = "http://127.0.0.1:8080"
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        """Take the forced route from the command line or the web page."""
        route = self.environment.parsed_options.route
        self.forced = None if route == "split" else Route(route)

    @task
    def vote(self) -> None:
        """Cast one vote."""
        self.cast_vote(self.ballots.draw(), new_client_id())
