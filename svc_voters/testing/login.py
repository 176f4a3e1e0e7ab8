"""A login of the organisers': its keys, its tokens, and its JWKS over HTTP."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER: Final = "https://login.example"
AUDIENCE: Final = "voting"

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_ALGORITHMS: Final[dict[str, Any]] = jwt.algorithms.get_default_algorithms()


def new_private_key(algorithm: str) -> PrivateKey:
    """Return a key to sign with."""
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(65537, 2048)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()


class Login:
    """A login with one key of each kind, named after its algorithm."""

    def __init__(self, *algorithms: str) -> None:
        self.keys = {name: new_private_key(name) for name in algorithms or ("ES256",)}

    def token(self, algorithm: str = "ES256", key_id: str | None = None, **claims: Any) -> str:
        """Return a token for the account `ana`, with these claims changed; None leaves one out."""
        now = int(time.time())
        given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 60}
        kept = {name: value for name, value in (given | claims).items() if value is not None}
        headers = {"kid": key_id or algorithm}
        return jwt.encode(kept, self.keys[algorithm], algorithm, headers)

    @property
    def key_set(self) -> bytes:
        """Its public keys, as a JWKS."""
        keys = [
            _ALGORITHMS[name].to_jwk(key.public_key(), as_dict=True) | {"kid": name, "use": "sig"}
            for name, key in self.keys.items()
        ]
        return json.dumps({"keys": keys}).encode()


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """Return a token with no signature, or with what the header claims and nobody made."""
    parts = (json.dumps(part).encode() for part in ({"typ": "JWT", **header}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


class KeyServer:
    """Serves a document over HTTP; it may hang, or be huge."""

    def __init__(self) -> None:
        self.document = b"{}"
        self.hangs = False
        self.location = ""
        self.requests = 0
        self.url = ""
        self.ended = Event()


@contextmanager
def serve_keys(document: bytes) -> Iterator[KeyServer]:
    """Serve a document while the context lasts."""
    served = KeyServer()
    served.document = document

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests += 1
            if served.hangs:
                served.ended.wait(60)
                return
            self.send_response(302 if served.location else 200)
            if served.location:
                self.send_header("location", served.location)
            self.end_headers()
            self.wfile.write(served.document)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served.url = f"http://127.0.0.1:{server.server_address[1]}/jwks"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield served
        finally:
            served.ended.set()
            server.shutdown()
            thread.join()
