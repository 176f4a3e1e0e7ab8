"""For tests: Kafka and Redis with TLS, users and passwords, like managed ones."""

import socket
import ssl
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import quote

from harness.processes.errors import NotReadyError
from harness.processes.ports import free_port
from harness.servers.kafka_server import KafkaServer
from harness.servers.redis_access import COUNTING_RIGHTS, READER, READER_RIGHTS
from harness.servers.redis_server import RedisServer
from harness.testing.certificates import Authority

USER: Final = "voting"
PASSWORD: Final = "p@ss/w:rd %41"  # noqa: S105 - characters that break URLs and settings files

_PROBE_LIMIT_SECONDS: Final = 1.0


class SecuredKafka(KafkaServer):
    """Kafka with further listeners, each on a port of its own.

    SASL_SSL and SASL_PLAINTEXT require the user, SSL a certificate of the authority. The plain
    listener stays for the test itself.
    """

    users = [  # noqa: RUF012 - replaces a class attribute
        part
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for part in ("--add-scram", f'{mechanism}=[name="{USER}",password="{PASSWORD}"]')
    ]

    def __init__(self, folder: Path, authority: Authority) -> None:
        """Kafka listens on free ports."""
        super().__init__(free_port(), free_port(), folder)
        self.secured = {name: free_port() for name in ("SASL_SSL", "SASL_PLAINTEXT", "SSL")}
        self._authority = authority
        self._pem = authority.sign("kafka")

    @property
    def ports(self) -> dict[str, int]:
        """Return all ports."""
        return {**super().ports, **{f"kafka-{name.lower()}": p for name, p in self.secured.items()}}

    def address_for(self, protocol: str) -> str:
        """Return HOST:PORT for clients with this KAFKA_SECURITY_PROTOCOL."""
        return f"{self.host}:{self.secured[protocol]}"

    def prepare(self) -> None:
        """Write the settings; of two lines for one setting, the last one wins."""
        super().prepare()
        ports = {"PLAINTEXT": self.port, **self.secured}
        clients = ",".join(f"{name}://{self.host}:{port}" for name, port in ports.items())
        protocols = ",".join(f"{name}:{name}" for name in ports)
        with self.properties.open("a") as properties:
            properties.write(
                f"listeners={clients},CONTROLLER://{self.host}:{self.controller_port}\n"
                f"advertised.listeners={clients}\n"
                f"listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT\n"
                f"ssl.keystore.type=PEM\nssl.keystore.location={self._pem}\n"
                f"ssl.truststore.type=PEM\nssl.truststore.location={self._authority.certificate}\n"
                "listener.name.ssl.ssl.client.auth=required\n"
                "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n"
                f"{_LOGIN_MODULES}"
            )


_MODULES: Final = {
    "plain": f'plain.PlainLoginModule required user_{USER}="{PASSWORD}"',
    "scram-sha-256": "scram.ScramLoginModule required",
    "scram-sha-512": "scram.ScramLoginModule required",
}
_LOGIN_MODULES: Final = "".join(
    f"listener.name.{name}.{mechanism}.sasl.jaas.config=org.apache.kafka.common.security.{module};\n"
    for name in ("sasl_ssl", "sasl_plaintext")
    for mechanism, module in _MODULES.items()
)


class SecuredRedis(RedisServer):
    """Redis that accepts only TLS and requires a user and a password."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        """Redis listens on a free port."""
        super().__init__("redis-secured", free_port(), folder)
        self._authority = authority
        self._pem = authority.sign("redis")

    @property
    def url(self) -> str:
        """Return the rediss:// URL with user, password and the authority's file."""
        return self.url_with(PASSWORD, self._authority.certificate)

    @property
    def reader_url(self) -> str:
        """The same, for the user who may only read the tally."""
        return self.url_with(PASSWORD, self._authority.certificate, READER)

    def url_with(self, password: str, ca_file: Path, user: str = USER) -> str:
        """Return the URL of a client with this password, authority and user."""
        user = f"{user}:{quote(password, safe='')}"
        return f"rediss://{user}@{self.address}/0?ssl_ca_certs={ca_file}"

    def command(self) -> list[str]:
        """Return the command line; of two arguments for one setting, the last one wins."""
        tls = {
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": str(self._pem),
            "tls-key-file": str(self._pem),
            "tls-auth-clients": "no",
        }
        arguments = [part for key, value in tls.items() for part in (f"--{key}", value)]
        return [*super().command(), *arguments]

    def users(self) -> list[str]:
        """Define users with passwords, and disable the default user."""
        password = f">{PASSWORD}"
        users = {USER: COUNTING_RIGHTS, READER: READER_RIGHTS}
        arguments = [("--user", user, "on", password, *rights) for user, rights in users.items()]
        return ["--user", "default", "off", *chain.from_iterable(arguments)]

    def probe(self) -> None:
        """Send PING, which Redis refuses to clients that have not logged in."""
        trust = ssl.create_default_context(cafile=self._authority.certificate)
        with (
            socket.create_connection((self.host, self.port), _PROBE_LIMIT_SECONDS) as connection,
            trust.wrap_socket(connection, server_hostname=self.host) as encrypted,
        ):
            encrypted.sendall(b"PING\r\n")
            answer = encrypted.recv(128).decode(errors="replace").strip()
        if not answer.startswith("-NOAUTH"):
            raise NotReadyError(answer or "connection closed")
