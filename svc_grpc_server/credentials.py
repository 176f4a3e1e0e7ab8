"""The server's side of TLS: each new connection gets the certificates of the moment."""

import grpc

from voting.service.tls_files import Pem, RenewedFiles, TlsFiles


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return credentials with these files; raise `UnusableFileError`.

    With authorities among them, clients must have a certificate of one. gRPC asks for renewed files
    at each new connection, and clients connect anew every minute.
    """
    renewed = RenewedFiles(files)

    def look() -> grpc.ServerCertificateConfiguration | None:
        pem = renewed.look()
        return None if pem is None else _configuration(pem)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(renewed.pem),
        look,  # type: ignore[arg-type]  # None means no change, which the stubs do not know
        require_client_authentication=bool(files.ca),
    )


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(pem.key, pem.certificate)], root_certificates=pem.ca or None
    )
