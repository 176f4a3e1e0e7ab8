"""Settings of the gRPC server."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import Port, wrong
from voting.service.tls_files import TlsFiles, check_tls_files


class GrpcServerSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """Settings of svc_grpc_server."""

    grpc_port: Annotated[Port, Meta(description="Port of the gRPC service.")] = 8003
    calls_per_connection: Annotated[
        int, Meta(description="Most calls of a connection at a time; further ones wait.", ge=1)
    ] = 8
    grpc_connections: Annotated[
        int,
        Meta(
            description="Most gRPC connections at a time; further ones are closed. "
            "Each may take 3 MB of memory.",
            ge=1,
        ),
    ] = 48
    grpc_reflection: Annotated[
        bool, Meta(description="Describe the services to whoever asks, for grpcurl and the like.")
    ] = False
    grpc_tls_certificate_file: Annotated[
        str, Meta(description="Certificate of the gRPC service (PEM); without one there is no TLS.")
    ] = ""
    grpc_tls_key_file: Annotated[
        str, Meta(description="Its private key (PEM, unencrypted), if in another file.")
    ] = ""
    grpc_tls_ca_file: Annotated[
        str,
        Meta(description="CA certificates of clients (PEM), which then need a certificate."),
    ] = ""
    port: Annotated[Port, Meta(description="Port of /healthz, /readyz and /metrics.")] = 9003

    @property
    def grpc_tls(self) -> TlsFiles | None:
        """The files of TLS; None without TLS."""
        return TlsFiles.of(self, "grpc_tls") if self.grpc_tls_certificate_file else None

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        if not self.grpc_tls_certificate_file:
            for field in ("grpc_tls_key_file", "grpc_tls_ca_file"):
                if getattr(self, field):
                    raise wrong("grpc_tls_certificate_file", f"required with {field.upper()}")
        check_tls_files(self.grpc_tls)
