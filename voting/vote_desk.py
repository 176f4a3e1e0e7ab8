"""What stands behind a route's `POST /votes`, whatever serves the connection."""

from voting.accepted_votes import AcceptedVotes
from voting.telemetry import REFUSED
from voting.vote import Route
from voting.vote_sink import VoteSink


class VoteDesk:
    """Where the votes of a route go, and the counts of its answers.

    Once `closing`, each connection ends with its next answer: the service is about to end.
    """

    def __init__(self, route: Route, sink: VoteSink) -> None:
        self.route = route
        self.sink = sink
        self.closing = False
        self.count_accepted = AcceptedVotes(route).count

    def count_refused(self, status: int) -> None:
        """Count a request to `POST /votes` that got another answer."""
        REFUSED.labels(self.route, status).inc()
