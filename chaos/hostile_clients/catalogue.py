"""All hostile clients, in their order: the one with the most lasting effect comes last."""

from typing import Final

from chaos.hostile_clients.albums import Albums
from chaos.hostile_clients.bodies import Bodies
from chaos.hostile_clients.client import HostileClient
from chaos.hostile_clients.connections import Connections
from chaos.hostile_clients.grpc_calls import GrpcCalls
from chaos.hostile_clients.numbers import Numbers
from chaos.hostile_clients.rates import Rates
from chaos.hostile_clients.vote_streams import VoteStreams
from chaos.hostile_clients.watchers import Watchers

CLIENTS: Final[dict[str, type[HostileClient]]] = {
    client.name: client
    for client in (Numbers, Bodies, Watchers, Rates, Connections, GrpcCalls, VoteStreams, Albums)
}
"""By name."""
