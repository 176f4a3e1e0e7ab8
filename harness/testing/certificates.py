"""Certificates for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
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

    def sign(
        self,
        name: str,
        *,
        hosts: Sequence[str] = ("127.0.0.1", "localhost"),
        has_expired: bool = False,
    ) -> Path:
        """Return a file with a key and its certificate, good for servers at `hosts` and clients.

        First the key, not encrypted, then the certificate, then the authority's: one PEM file. It
        replaces one of the same name in one step, as a renewal does.
        """
        now = datetime.now(UTC)
        issued = self._authority.issue_cert(
            *hosts,
            common_name=name,
            not_before=now - timedelta(days=2),
            not_after=now + timedelta(days=-1 if has_expired else 1),
        )
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        # Kafka reads keys in PKCS #8 only; trustme writes them in OpenSSL's older format.
        pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = [*issued.cert_chain_pems, self._authority.cert_pem]
        file = self._folder / f"{name}.pem"
        new = file.with_suffix(".new")
        new.write_bytes(pkcs8 + b"".join(part.bytes() for part in chain))
        return new.replace(file)


def good_and_bad_files(folder: Path) -> dict[str, str]:
    """Return files in `folder` by what they are: some that settings may name, some they may not."""
    ours = Authority(folder, "ours")
    no_pem = folder / "no.pem"
    no_pem.write_text("not a certificate")
    return {
        "ca": str(ours.certificate),
        "pem": str(ours.sign("ours")),
        "other": str(ours.sign("other")),
        "missing": str(folder / "missing.pem"),
        "no pem": str(no_pem),
    }
