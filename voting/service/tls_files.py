"""Certificate files that settings name: checked when read, and read again when renewed."""

import logging
from pathlib import Path
from ssl import Purpose, SSLContext, SSLError, create_default_context
from typing import NamedTuple, Self

from voting.service.settings import Settings, wrong

_log = logging.getLogger(__name__)


class UnusableFileError(Exception):
    """A certificate file cannot be used; `field` is the setting that names it."""

    def __init__(self, field: str, file: str, reason: str) -> None:
        super().__init__(f"{field.upper()}={file} {reason}")
        self.field = field
        self.reason = reason


class Pem(NamedTuple):
    """The contents of certificate files; empty where there is none."""

    ca: bytes
    certificate: bytes
    key: bytes


class TlsFiles(NamedTuple):
    """The files that the settings `<prefix>_ca_file` and so on name; empty: there is none."""

    prefix: str
    ca: str
    certificate: str
    key: str
    """The private key's file, if that is not the certificate's."""

    @classmethod
    def of(cls, settings: Settings, prefix: str) -> Self:
        """Return the files that these settings name."""
        ca, certificate, key = (
            getattr(settings, f"{prefix}_{kind}_file") for kind in ("ca", "certificate", "key")
        )
        return cls(prefix, ca, certificate, key)

    def context(self) -> SSLContext:
        """Return a client's TLS context with these files; raise `UnusableFileError`.

        Without authorities of its own it trusts the system's.
        """
        try:
            context = create_default_context(Purpose.SERVER_AUTH, cafile=self.ca or None)
        except OSError as error:
            raise self._unusable("ca", self.ca, error) from error
        if self.certificate:
            try:
                # Given a password, OpenSSL does not prompt for one on the terminal.
                context.load_cert_chain(self.certificate, self.key or None, password="")
            except OSError as error:
                if self.key and Path(self.certificate).is_file():
                    raise self._unusable("key", self.key, error) from error
                raise self._unusable("certificate", self.certificate, error) from error
        return context

    def read(self) -> Pem:
        """Return what the files contain; raise `UnusableFileError` unless it fits together."""
        pem = self._contents()
        self.context()
        if self._contents() != pem:
            raise UnusableFileError(
                f"{self.prefix}_certificate_file", self.certificate, "is being replaced"
            )
        return pem

    def _contents(self) -> Pem:
        key = self.key or self.certificate
        return Pem(
            self._bytes("ca", self.ca),
            self._bytes("certificate", self.certificate),
            self._bytes("key", key),
        )

    def _bytes(self, kind: str, file: str) -> bytes:
        try:
            return Path(file).read_bytes() if file else b""
        except OSError as error:
            raise self._unusable(kind, file, error) from error

    def _unusable(self, kind: str, file: str, error: OSError) -> UnusableFileError:
        reason = f"cannot be read: {error.strerror}"
        if isinstance(error, SSLError):
            reason = f"cannot be used: {error.reason or 'not a PEM file'}"
        return UnusableFileError(f"{self.prefix}_{kind}_file", file, reason)


def check_tls_files(files: TlsFiles | None) -> None:
    """Raise what `__post_init__` of settings must if there are files that cannot be used."""
    try:
        if files is not None:
            files.context()
    except UnusableFileError as error:
        raise wrong(error.field, error.reason) from error


class RenewedFiles:
    """Certificate files that may be renewed while the process runs."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files; raise `UnusableFileError`."""
        self._files = files
        self.pem = files.read()
        self._failure = ""

    def look(self) -> Pem | None:
        """Return the new contents if the files were renewed, and None otherwise.

        While they cannot be used, as between the replacement of one and of the next, the contents
        before stay in force; the reason is logged once.
        """
        try:
            pem = self._files.read()
        except UnusableFileError as error:
            if str(error) != self._failure:
                _log.warning("%s; the certificates read before stay in use", error)
            self._failure = str(error)
            return None
        self._failure = ""
        if pem == self.pem:
            return None
        self.pem = pem
        return pem
