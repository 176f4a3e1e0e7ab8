"""Votes for both routes under Locust's own command line and web page.

    ./bazelw run //loadtest:locust                    the web page, at the address it prints
    locust -f loadtest/locustfile.py                  the same with any Locust, from the root folder
    locust -f loadtest/locustfile.py --route grpc     every vote asks for the gRPC route
    locust -f loadtest/locustfile.py --processes 4    or --master and --worker, on several machines

The web page is for this machine alone; `--web-host '*'` opens it to others. Its target is always
the one that `--host` gave: see `page_guard`.

Each user casts one vote a second, so the number of users is the number of votes a second. For
exact percentiles and the reconciliation with the vote log: `./bazelw run //loadtest:compare`.
"""

from argparse import ArgumentParser

from locust import constant_throughput, events, task
from locust.env import Environment
from locust.web import WebUI

from loadtest.driver.page_guard import guard
from loadtest.driver.voter import VoteUser, new_client_id
from loadtest.model.candidate import Candidate
from voting.domain.vote import Route


def _set_up_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--route",
        type=str.lower,
        choices=["split", *Route],
        default="split",
        help="route to force, or 'split' to let the splitter choose (default)",
    )
    # Locust's own default is every address. An environment variable, a configuration file and the
    # command line still override this one.
    parser.set_defaults(web_host="127.0.0.1")


def _guard_page(environment: Environment, web_ui: WebUI | None, **_: object) -> None:
    if web_ui is not None and web_ui.app is not None:
        guard(web_ui.app, environment.host or Voter.host)


events.init_command_line_parser.add_listener(_set_up_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_guard_page)  # type: ignore[no-untyped-call]


class Voter(VoteUser):
    """A user that casts one vote a second."""

    host = "http://127.0.0.1:8080"
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        """Take the forced route from the command line or the web page."""
        route = self.environment.parsed_options.route
        self.forced = None if route == "split" else Candidate(route)

    @task
    def vote(self) -> None:
        """Cast one vote."""
        self.cast_vote(self.ballots.draw(), new_client_id())
