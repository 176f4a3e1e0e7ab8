"""Which class the connections of a route have."""

from voting.http.connection import Connection
from voting.route.lean_protocol import LeanProtocol
from voting.tracing.tracing import traces


def vote_connection(lean_path: bool) -> type[Connection]:
    """Return the class for the lean path or for Sanic's own handler, with or without traces."""
    if not lean_path:
        return Connection
    if traces() is None:
        return LeanProtocol
    from voting.route.traced_protocol import TracedProtocol

    return TracedProtocol
