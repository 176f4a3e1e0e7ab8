"""How clients connect to Kafka: the only place that turns settings into aiokafka's arguments."""

import asyncio
from ssl import SSLCertVerificationError, SSLError
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from voting.ledger.settings import KafkaSettings

_ANSWER_SECONDS: Final = 5

_REFUSED_USER: Final = (
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments with which aiokafka's clients find Kafka and log in.

    Certificate files are read here, so a renewed one takes effect after a restart.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_tls:
        arguments["ssl_context"] = settings.kafka_tls_context()
    if settings.kafka_sasl:
        arguments |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password,
        }
    return arguments


async def connection_refusal(connection: dict[str, Any]) -> str | None:
    """Return why a broker refuses our connection; None if it does not or cannot be reached.

    The text continues a sentence that ends with the brokers: "which ...".

    aiokafka reports only that there is no connection, so this connects once more to the first
    broker that answers. Without TLS and SASL there is nothing to find out.
    """
    how = dict(connection)
    hosts = collect_hosts(how.pop("bootstrap_servers"))
    if how["security_protocol"] == "PLAINTEXT":
        return None
    for host, port, _ in hosts:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                broker = await create_conn(host, port, **how)
        except SSLCertVerificationError as error:
            return f"whose certificate is not trusted: {error.verify_message}"
        except SSLError as error:
            return f"where the TLS handshake fails: {error.reason}"
        except _REFUSED_USER as error:
            return f"which rejects the login: {error}"
        except KafkaConnectionError, ConnectionResetError:
            return "which closes the connection: check KAFKA_SECURITY_PROTOCOL and certificates"
        except KafkaError, TimeoutError, OSError:
            continue  # unreachable; try the next one
        broker.close()
        return None
    return None
