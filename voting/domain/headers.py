"""Names and values of the headers that go with a vote beside HTTP's own."""

from collections.abc import Mapping
from typing import Final

from voting.domain.vote import Route

ROUTE_HEADER: Final = "x-vote-route"
"""The route that answered."""

TRACE_HEADER: Final = "traceparent"
"""W3C Trace Context, from the request to the record in Kafka."""

CANARY_HEADER: Final = "X-Vote-Canary"
"""Makes the entry send a vote over the route that its value names: see `FORCE`."""

UNARY_HOST: Final = "grpc-unary.internal"
"""The host of votes that are for svc_grpc_unary, where there is one; it needs no DNS."""

FORCE: Final[Mapping[Route, str]] = {Route.HTTP: "always", Route.GRPC: "never"}
"""The values of `CANARY_HEADER`, in the words of Ingress: the HTTP route is its canary."""
