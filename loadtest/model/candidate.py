"""The candidates of a comparison, and how a vote asks for one of them."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from voting.domain.headers import CANARY_HEADER, FORCE, UNARY_HOST
from voting.domain.vote import Route


class Candidate(StrEnum):
    """What a comparison compares: a route, or the gRPC route with a call for each vote."""

    GRPC = "grpc"
    HTTP = "http"
    GRPC_UNARY = "grpc-unary"

    @property
    def route(self) -> Route:
        """The route of its votes."""
        return Route.HTTP if self is Candidate.HTTP else Route.GRPC

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers with which a vote asks the entry for it.

        An entry that does not know the host of unary calls takes the vote for one that forces the
        other route, so that its answer gives it away.
        """
        if self is Candidate.GRPC_UNARY:
            return {"Host": UNARY_HOST, CANARY_HEADER: FORCE[Route.HTTP]}
        return {CANARY_HEADER: FORCE[self.route]}


type Pair = tuple[Candidate, Candidate]

_PAIRS: Final[tuple[Pair, ...]] = (
    (Candidate.GRPC, Candidate.HTTP),
    (Candidate.GRPC_UNARY, Candidate.GRPC),
    (Candidate.GRPC_UNARY, Candidate.HTTP),
)

BOTH_ROUTES: Final = (Candidate.GRPC, Candidate.HTTP)


def pairs_of(candidates: Collection[Candidate]) -> list[Pair]:
    """Return the pairs to compare; the first of each is the one whose figure is divided."""
    return [pair for pair in _PAIRS if set(pair) <= set(candidates)]
