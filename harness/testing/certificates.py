"""Certificates for tests."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """Signs certificates; `certificate` is the file that its clients must trust."""

    def __init__(self, folder: Path, name: str) -> None:
        """Create the authority; `folder` takes its files and those that it signs."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA(organization_name=name)
        self.certificate = folder / f"{name}.crt"
        self._authority.cert_pem.write_to_path(self.certificate)

    def sign(self, name: str) -> Path:
        """Return a file with a key and its certificate, good for servers at 127.0.0.1 and clients.

        First the key, not encrypted, then the certificate, then the authority's: one PEM file.
        """
        issued = self._authority.issue_cert("127.0.0.1", "localhost", common_name=name)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        # Kafka reads keys in PKCS #8 only; trustme writes them in OpenSSL's older format.
        pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = [*issued.cert_chain_pems, self._authority.cert_pem]
        file = self._folder / f"{name}.pem"
        file.write_bytes(pkcs8 + b"".join(part.bytes() for part in chain))
        return file
