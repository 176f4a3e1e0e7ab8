"""Certificates, passwords and rights, as rendered."""

import json
from urllib.parse import urlsplit

from k8s import passwords
from k8s.encryption.testing.deployed import CERTIFICATES, RENDERED, SECRETS, USING_KAFKA
from k8s.rendering import of_kind, pod_specs
from tools.services.roster import DEPLOYMENTS


def test_certificates_are_for_the_names_that_clients_use() -> None:
    names = {secret: wanted.get("dnsNames", []) for secret, wanted in CERTIFICATES.items()}
    configs = {
        key: value
        for config in of_kind(RENDERED, "ConfigMap")
        for key, value in config.get("data", {}).items()
    }
    brokers = configs["KAFKA_BOOTSTRAP_SERVERS"].split(",")
    assert {broker.partition(":")[0] for broker in brokers} <= set(names["kafka-tls"])
    pods = [f"kafka-{number}.kafka.voting.svc.cluster.local" for number in range(3)]
    assert set(pods) <= set(names["kafka-tls"])  # advertised.listeners
    assert (
        urlsplit(configs["GRPC_TARGET"]).path[1:].partition(":")[0] in names["svc-grpc-server-tls"]
    )
    consumer = SECRETS["svc-consumer"]
    assert urlsplit(consumer["REDIS_URL"]).hostname in names["redis-tls"]
    nodes = consumer["MONGODB_URL"].partition("@")[2].partition("/")[0].split(",")
    assert set(nodes) <= set(names["mongodb-tls"])


def test_no_client_gets_the_private_key_of_a_server() -> None:
    for deployment in DEPLOYMENTS:
        for volume in pod_specs(RENDERED)[f"Deployment/{deployment}"]["volumes"]:
            secret = volume.get("secret", {})
            if secret.get("secretName") in {"kafka-tls", "redis-tls", "mongodb-tls"}:
                assert secret["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_every_mounted_secret_is_made() -> None:
    mounted = {
        source["secret"].get("secretName") or source["secret"]["name"]
        for pod in pod_specs(RENDERED).values()
        for volume in pod["volumes"]
        for source in (volume, *volume.get("projected", {}).get("sources", []))
        if "secret" in source
    }
    assert mounted <= CERTIFICATES.keys() | SECRETS.keys()


def test_only_svc_consumer_may_write_to_mongodb() -> None:
    roles = {
        user["user"]: [role["role"] for role in user["roles"]]
        for user in json.loads(SECRETS["mongodb-users"]["users.json"])
    }
    assert roles.pop("svc_consumer") == ["readWrite"]
    assert set(map(str, roles.values())) == {"['read']"}


def test_each_user_has_a_password_of_their_own() -> None:
    kafka = SECRETS["kafka-passwords"]
    assert len(set(kafka.values())) == len(kafka) == len(USING_KAFKA) + 2
    assert passwords.made() != passwords.made()
