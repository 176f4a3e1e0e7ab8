"""A client of the API server, with what this package needs of it."""

import json
import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 10.0


class ApiError(OSError):
    """The API server refused a request; the text is its answer."""


class Api:
    """A client of the API server with the name and rights of one user."""

    def __init__(self, pki: Path, user: str, port: int) -> None:
        """Use the certificate of `user` in `pki`, on `port` of 127.0.0.1."""
        self._port = port
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and return the answer. Raises OSError, or ApiError when it is refused."""
        return json.loads(self._send(method, path, None if body is None else json.dumps(body)))

    def is_ready(self) -> bool:
        """Return whether the server reports that it is ready. Raises SSLCertVerificationError."""
        try:
            return self._send("GET", "/readyz") == b"ok"
        except ssl.SSLCertVerificationError:
            raise  # waiting does not help
        except OSError:
            return False

    def node_is_ready(self, name: str) -> bool:
        """Return whether the node is registered and accepts pods."""
        try:
            node = self.request("GET", f"/api/v1/nodes/{name}")
        except OSError:
            return False
        conditions = {c["type"]: c["status"] for c in node["status"].get("conditions", [])}
        return conditions.get("Ready") == "True"

    def _send(self, method: str, path: str, body: str | None = None) -> bytes:
        connection = HTTPSConnection(
            "127.0.0.1", self._port, context=self._context, timeout=_TIMEOUT_SECONDS
        )
        with closing(connection):
            try:
                connection.request(method, path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
            except HTTPException as error:
                raise OSError(f"the API server is not responding: {error}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiError(
                f"{method} {path}: {answer.status} {content.decode(errors='replace').strip()}"
            )
        return content
