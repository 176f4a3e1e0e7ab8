"""The state of a route's `POST /votes`, shared by the lean path and Sanic's handler."""

from typing import Final

from voting.casting.sink import VoteSink
from voting.domain.vote import Route
from voting.polls.known_polls import KnownPolls
from voting.route.accepted_votes import AcceptedVotes
from voting.service.telemetry import REFUSED, REFUSED_STATUSES

# The status counted for a request whose client left before its answer; nginx's convention.
CLIENT_LEFT: Final = 499


class RouteState:
    """The sink of a route's votes, the polls they may be in, and the counts of its answers.

    Once `closing`, each connection ends with its next answer, because the service is stopping.
    """

    def __init__(self, route: Route, sink: VoteSink, polls: KnownPolls) -> None:
        self.route = route
        self.sink = sink
        self.polls = polls
        self.closing = False
        accepted = AcceptedVotes(route)
        self.count_accepted = accepted.count
        self.give_example = accepted.give_example
        for status in REFUSED_STATUSES:
            REFUSED.labels(route, status)

    def count_unanswered(self, seconds: float, error: BaseException | None) -> None:
        """Count a vote whose client left before it could be answered."""
        if error is None:
            self.count_accepted(seconds)
        else:
            self.count_refused(CLIENT_LEFT)

    def count_refused(self, status: int) -> None:
        """Count a request to `POST /votes` that was not accepted."""
        REFUSED.labels(self.route, status).inc()
