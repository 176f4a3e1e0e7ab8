"""What stands behind a route's `POST /votes`, whatever serves the connection."""

from typing import Final

from voting.casting.sink import VoteSink
from voting.domain.vote import Route
from voting.route.accepted_votes import AcceptedVotes
from voting.service.telemetry import REFUSED, REFUSED_STATUSES

# The status, in the counts alone, of a request whose client did not wait for its answer: nginx's.
CLIENT_LEFT: Final = 499


class VoteDesk:
    """Where the votes of a route go, and the counts of its answers.

    Once `closing`, each connection ends with its next answer: the service is about to end.
    """

    def __init__(self, route: Route, sink: VoteSink) -> None:
        self.route = route
        self.sink = sink
        self.closing = False
        self.count_accepted = AcceptedVotes(route).count
        for status in REFUSED_STATUSES:
            REFUSED.labels(route, status)

    def count_unheard(self, seconds: float, error: BaseException | None) -> None:
        """Count a vote whose client left before it could be told what became of it."""
        if error is None:
            self.count_accepted(seconds)
        else:
            self.count_refused(CLIENT_LEFT)

    def count_refused(self, status: int) -> None:
        """Count a request to `POST /votes` that got another answer."""
        REFUSED.labels(self.route, status).inc()
