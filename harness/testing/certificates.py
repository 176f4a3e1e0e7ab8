"""Certificates for tests, made with OpenSSL, which Debian has."""

import subprocess
from pathlib import Path
from typing import Final

_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
_DAYS: Final = "2"


class Authority:
    """Signs certificates; `certificate` is what those who trust it need."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make the authority; `folder` takes its files and those of all that it signs."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate = folder / f"{name}.crt"
        self._key = folder / f"{name}.key"
        uses = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._request(name, *uses)

    def sign(self, name: str) -> Path:
        """Return a file with a key and its certificate, good for servers at 127.0.0.1 and clients.

        First the key, not encrypted, then the certificate, then the authority's: one PEM file.
        """
        extensions = (
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "basicConstraints=critical,CA:FALSE",
            "extendedKeyUsage=serverAuth,clientAuth",
        )
        arguments = [part for extension in extensions for part in ("-addext", extension)]
        self._request(name, "-CA", str(self.certificate), "-CAkey", str(self._key), *arguments)
        key, certificate = self._folder / f"{name}.key", self._folder / f"{name}.crt"
        both = self._folder / f"{name}.pem"
        both.write_bytes(b"".join(p.read_bytes() for p in (key, certificate, self.certificate)))
        return both

    def _request(self, name: str, *arguments: str) -> None:
        out = ("-keyout", f"{name}.key", "-out", f"{name}.crt")
        command = ["openssl", "req", "-x509", *_NEW_KEY, "-days", _DAYS, "-subj", f"/CN={name}"]
        subprocess.run(
            [*command, *out, *arguments], cwd=self._folder, check=True, capture_output=True
        )
