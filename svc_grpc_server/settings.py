"""Settings of the gRPC server."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import Port


class GrpcServerSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """Settings of svc_grpc_server."""

    grpc_port: Annotated[Port, Meta(description="Port of the gRPC service.")] = 8003
    calls_per_connection: Annotated[
        int, Meta(description="Most calls of a connection at a time; further ones wait.", ge=1)
    ] = 8
    port: Annotated[Port, Meta(description="Port of /healthz, /readyz and /metrics.")] = 9003
