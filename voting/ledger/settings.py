"""Settings of the services that use Kafka: its address, and how clients log in."""

import re
from ssl import SSLContext
from typing import Annotated, Final, Literal

from msgspec import Meta

from voting.service.settings import Settings, wrong
from voting.service.tls_files import TlsFiles, UnusableFileError

VOTES_TOPIC: Final = "votes"
REJECTED_TOPIC: Final = "votes.rejected"
ALBUMS_TOPIC: Final = "votes.albums"
POLLS_TOPIC: Final = "polls"

_BROKER: Final = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})", re.ASCII)


class KafkaSettings(Settings, frozen=True, kw_only=True):
    """Kafka's address, and how clients log in."""

    kafka_bootstrap_servers: Annotated[
        str, Meta(description="Kafka brokers as HOST:PORT, comma-separated.", min_length=1)
    ] = "127.0.0.1:9092"
    kafka_topic: Annotated[
        str, Meta(description="Topic that votes are written to.", min_length=1)
    ] = VOTES_TOPIC
    kafka_albums_topic: Annotated[
        str, Meta(description="Topic of the list of known albums.", min_length=1)
    ] = ALBUMS_TOPIC
    kafka_polls_topic: Annotated[
        str, Meta(description="Topic of the log of polls.", min_length=1)
    ] = POLLS_TOPIC
    kafka_security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Meta(description="PLAINTEXT, SSL (TLS), SASL_PLAINTEXT or SASL_SSL."),
    ] = "PLAINTEXT"
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        Meta(description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."),
    ] = "PLAIN"
    kafka_sasl_username: Annotated[str, Meta(description="Kafka user name, for SASL.")] = ""
    kafka_sasl_password: Annotated[str, Meta(description="Kafka password, for SASL.")] = ""
    kafka_tls_ca_file: Annotated[
        str, Meta(description="CA certificates of the brokers (PEM); the system's if empty.")
    ] = ""
    kafka_tls_certificate_file: Annotated[
        str, Meta(description="Client certificate (PEM), if Kafka requires one.")
    ] = ""
    kafka_tls_key_file: Annotated[
        str, Meta(description="Its private key (PEM, unencrypted), if in another file.")
    ] = ""

    @property
    def kafka_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.kafka_security_protocol in {"SSL", "SASL_SSL"}

    @property
    def kafka_sasl(self) -> bool:
        """Whether Kafka requires a user name and a password."""
        return self.kafka_security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        super().__post_init__()
        for broker in self.kafka_bootstrap_servers.split(","):
            port = _BROKER.fullmatch(broker)
            if port is None or not 1 <= int(port[1]) <= 65535:
                raise wrong("kafka_bootstrap_servers", "must be HOST:PORT, comma-separated")
        self._check_together(self.kafka_sasl, ["kafka_sasl_username", "kafka_sasl_password"], [])
        files = ["kafka_tls_ca_file", "kafka_tls_certificate_file", "kafka_tls_key_file"]
        self._check_together(self.kafka_tls, [], files)
        if self.kafka_tls_key_file and not self.kafka_tls_certificate_file:
            raise wrong("kafka_tls_certificate_file", "required with KAFKA_TLS_KEY_FILE")
        if self.kafka_tls:
            self.kafka_tls_context()

    def kafka_tls_context(self) -> SSLContext:
        """Return the TLS context of connections; raise `ValueError` naming an unusable file."""
        try:
            return TlsFiles.of(self, "kafka_tls").context()
        except UnusableFileError as error:
            raise wrong(error.field, error.reason) from error

    def _check_together(self, used: bool, needed: list[str], optional: list[str]) -> None:
        protocol = f"KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}"
        for field in needed:
            if used and not getattr(self, field):
                raise wrong(field, f"required with {protocol}")
        for field in (*needed, *optional):
            if not used and getattr(self, field):
                raise wrong(field, f"has no effect with {protocol}; remove it")


class KafkaWriterSettings(KafkaSettings, frozen=True, kw_only=True):
    """How votes are written to Kafka."""

    ack_timeout_seconds: Annotated[
        float, Meta(description="Answer 503 if Kafka has not acknowledged a vote by then.", gt=0)
    ] = 5.0
    max_waiting_votes: Annotated[
        int, Meta(description="Most votes waiting for a batch; further votes get 503.", ge=1)
    ] = 10_000
