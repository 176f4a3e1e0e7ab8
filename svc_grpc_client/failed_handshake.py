"""What a call's failure says about TLS."""

from typing import Final

_MEANINGS: Final = {
    "certificate has expired": "the server's certificate has expired, or a clock is wrong",
    "CERTIFICATE_VERIFY_FAILED": "no authority in GRPC_TLS_CA_FILE signed the server's certificate",
    "Hostname Verification Check": "the server's certificate is not for the host of GRPC_TARGET",
    "WRONG_VERSION_NUMBER": "the server has no TLS; remove GRPC_TLS_CA_FILE or set up its TLS",
    "Socket closed": "the server closed the connection; if it requires TLS or a certificate, check "
    "GRPC_TLS_CA_FILE and GRPC_TLS_CERTIFICATE_FILE here and GRPC_TLS_CA_FILE there",
}


def explained(details: str | None) -> str:
    """Return the details of a failed call, with what to check if TLS is or may be the reason."""
    details = details or ""
    for sign, meaning in _MEANINGS.items():
        if sign in details:
            return f"{details} ({meaning})"
    return details
