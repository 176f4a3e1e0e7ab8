"""What stands behind a route's `POST /votes`, whatever serves the connection."""

from voting.telemetry import ACCEPTED, REFUSED, REQUEST_SECONDS
from voting.vote import Route
from voting.vote_sink import VoteSink


class VoteDesk:
    """Where the votes of a route go, and the counts of its answers."""

    def __init__(self, route: Route, sink: VoteSink) -> None:
        self.route = route
        self.sink = sink
        self._accepted = ACCEPTED.labels(route)
        self._seconds = REQUEST_SECONDS.labels(route)

    def count_accepted(self, seconds: float) -> None:
        """Count a vote whose answer is 202, `seconds` after its request was there."""
        self._accepted.inc()
        self._seconds.observe(seconds)

    def count_refused(self, status: int) -> None:
        """Count a request to `POST /votes` that got another answer."""
        REFUSED.labels(self.route, status).inc()
