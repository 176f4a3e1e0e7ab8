"""Settings of the gRPC route's front end."""

from typing import Annotated, Literal

from msgspec import Meta

from voting.service.settings import LeanPath, Port, Settings, wrong
from voting.service.tls_files import TlsFiles, check_tls_files
from voting.service.voter_keys import VoterKeys, check_voter_keys


class GrpcClientSettings(Settings, frozen=True, kw_only=True):
    """Settings of svc_grpc_client."""

    port: Annotated[Port, Meta(description="Port of the vote endpoint.")] = 8001
    lean_path: LeanPath = True
    grpc_target: Annotated[str, Meta(description="gRPC target of the servers.", min_length=1)] = (
        "dns:///127.0.0.1:8003"
    )
    grpc_calls: Annotated[
        Literal["batched", "unary"],
        Meta(
            description="batched: waiting votes share a message of a stream; "
            "unary: each vote has its own call."
        ),
    ] = "batched"
    grpc_tls_ca_file: Annotated[
        str, Meta(description="CA certificates of the gRPC servers (PEM); without them no TLS.")
    ] = ""
    grpc_tls_certificate_file: Annotated[
        str, Meta(description="Client certificate (PEM), if the gRPC servers require one.")
    ] = ""
    grpc_tls_key_file: Annotated[
        str, Meta(description="Its private key (PEM, unencrypted), if in another file.")
    ] = ""
    call_timeout_seconds: Annotated[
        float, Meta(description="Answer 503 if the gRPC server has not answered by then.", gt=0)
    ] = 6.0
    max_waiting_votes: Annotated[
        int,
        Meta(description="Most votes waiting for a call, or in their own; others get 503.", ge=1),
    ] = 10_000
    voter_keys: VoterKeys = ""

    @property
    def grpc_tls(self) -> TlsFiles | None:
        """The files of TLS; None without TLS."""
        return TlsFiles.of(self, "grpc_tls") if self.grpc_tls_ca_file else None

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        for field, needed in (
            ("grpc_tls_certificate_file", "grpc_tls_ca_file"),
            ("grpc_tls_key_file", "grpc_tls_certificate_file"),
        ):
            if getattr(self, field) and not getattr(self, needed):
                raise wrong(needed, f"required with {field.upper()}")
        check_tls_files(self.grpc_tls)
        check_voter_keys(self.voter_keys)
