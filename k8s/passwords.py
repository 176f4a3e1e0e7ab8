"""Prints the Secrets of the component `encryption`: a user with a new password for each service.

./bazelw run //k8s:passwords | kubectl -n voting apply --server-side -f -

Run again, it makes new passwords. Apply them, run the Job kafka-topics and the Job
mongodb-replica-set again, and restart Kafka, Redis and the services.
"""

import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

import yaml

from harness.servers.redis_access import COUNTING_RIGHTS, READER_RIGHTS, REBUILDING_RIGHTS
from k8s.rendering import Manifest
from tools.services.roster import DEPLOYMENTS, SERVICES

_NODES: Final = "kafka"
_ADMIN: Final = "admin"
"""The users of Kafka who are not services: its nodes, and the Job kafka-topics."""

_WRITER: Final = "svc_consumer"
"""The one service that writes to the stores."""

_REDIS: Final = "redis:6379/0?ssl_ca_certs=/certificates/redis/ca.crt"
_MONGODB: Final = (
    "mongodb-0.mongodb,mongodb-1.mongodb,mongodb-2.mongodb/"
    "?replicaSet=votes&authSource=admin&tls=true&tlsCAFile=/certificates/mongodb/ca.crt"
)
_DATABASE: Final = "voting"


def new_password() -> str:
    """Return a password of 32 characters that neither URLs nor settings files need to quote."""
    return secrets.token_hex(16)


def made(password: Callable[[], str] = new_password) -> list[Manifest]:
    """Return the Secrets, with passwords from this function."""
    kafka = {user: password() for user in (_NODES, _ADMIN, *_needing("kafka"))}
    redis = {user: password() for user in _needing("redis")}
    mongodb = {user: password() for user in _needing("mongodb")}
    logins = {
        deployment: {
            **(_kafka_login(service, kafka[service]) if service in kafka else {}),
            **_url("REDIS_URL", f"rediss://%s@{_REDIS}", service, redis),
            **_url("MONGODB_URL", f"mongodb://%s@{_MONGODB}", service, mongodb),
        }
        for deployment, service in zip(DEPLOYMENTS, SERVICES, strict=True)
    }
    return [
        _secret("kafka-passwords", kafka),
        _secret("redis-users", {"users.conf": "".join(_redis_users(redis))}),
        _secret("mongodb-users", {"users.json": json.dumps(_mongodb_users(mongodb))}),
        _secret("kafka-topics", _kafka_login(_ADMIN, kafka[_ADMIN])),
        *(_secret(deployment, login) for deployment, login in logins.items() if login),
    ]


def _needing(server: str) -> Sequence[str]:
    return [
        name
        for name, service in SERVICES.items()
        if server in {need.removesuffix("-reader") for need in service.needs}
    ]


def _kafka_login(user: str, password: str) -> dict[str, str]:
    return {"KAFKA_SASL_USERNAME": user, "KAFKA_SASL_PASSWORD": password}


def _url(variable: str, url: str, user: str, passwords: dict[str, str]) -> dict[str, str]:
    return {variable: url % f"{user}:{passwords[user]}"} if user in passwords else {}


def _redis_users(passwords: dict[str, str]) -> Iterator[str]:
    yield "user default on nopass resetchannels -@all +ping\n"
    for user, password in passwords.items():
        writes = user == _WRITER
        rights = (*COUNTING_RIGHTS, *REBUILDING_RIGHTS) if writes else READER_RIGHTS
        yield f"user {user} on #{sha256(password.encode()).hexdigest()} {' '.join(rights)}\n"


def _mongodb_users(passwords: dict[str, str]) -> list[Manifest]:
    return [
        {
            "user": user,
            "pwd": password,
            "roles": [{"role": "readWrite" if user == _WRITER else "read", "db": _DATABASE}],
        }
        for user, password in passwords.items()
    ]


def _secret(name: str, data: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": data,
    }


def main() -> None:
    """Print the Secrets as YAML."""
    yaml.safe_dump_all(made(), sys.stdout, sort_keys=False, width=1000)


if __name__ == "__main__":
    main()
