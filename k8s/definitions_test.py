"""The components' resources of Gateway API, KEDA and Strimzi fit their definitions."""

from typing import Any, Final

import jsonschema
import pytest
import yaml

from k8s.definitions import check, definitions, schemas
from k8s.rendering import FOLDER, Manifest, manifests, name, of_kind

STRIMZI: Final = yaml.safe_load((FOLDER / "strimzi.schema.yaml").read_text())
KNOWN: Final = schemas([*definitions(["gateway_api", "keda"]), *STRIMZI])


def custom(component: str) -> list[Manifest]:
    groups = ("gateway.networking.k8s.io/", "keda.sh/", "kafka.strimzi.io/")
    return [m for m in manifests("production", component) if m["apiVersion"].startswith(groups)]


@pytest.mark.parametrize(
    ("component", "kinds"),
    [
        ("gateway-api", {"Gateway", "HTTPRoute"}),
        ("grpc-unary-gateway", {"HTTPRoute"}),
        ("keda", {"ScaledObject"}),
        ("strimzi", {"Kafka", "KafkaNodePool", "KafkaTopic"}),
    ],
)
def test_a_components_custom_resources_are_valid(component: str, kinds: set[str]) -> None:
    found = custom(component)
    assert {manifest["kind"] for manifest in found} == kinds
    for manifest in found:
        check(manifest, KNOWN)


def test_the_gateway_with_a_host_is_valid() -> None:
    for manifest in of_kind(manifests("gateway"), "Gateway", "HTTPRoute"):
        check(manifest, KNOWN)


@pytest.mark.parametrize("component", ["gateway-api", "keda", "strimzi"])
def test_a_misspelt_field_is_refused(component: str) -> None:
    for manifest in custom(component):
        wrong: Any = {**manifest, "spec": {**manifest["spec"], "replica": 1}}
        with pytest.raises(jsonschema.ValidationError, match="'replica' was unexpected"):
            check(wrong, KNOWN)


def test_keda_asks_for_the_group_and_topic_of_the_consumer() -> None:
    (scaled,) = of_kind(custom("keda"), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == "svc_consumer"
    assert trigger["metadata"]["topic"] == "votes"


def test_keda_uses_the_services_kafka_by_names_with_its_namespace() -> None:
    (scaled,) = of_kind(custom("keda"), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    (servers,) = (
        config["data"]["KAFKA_BOOTSTRAP_SERVERS"].split(",")
        for config in of_kind(manifests("production", "keda"), "ConfigMap")
        if config["metadata"]["name"].startswith("kafka-client")
    )
    inside = [server.replace(":", f".{scaled['metadata']['namespace']}:") for server in servers]
    assert trigger["metadata"]["bootstrapServers"].split(",") == inside


def test_strimzi_has_the_topics_and_settings_that_the_ledger_needs() -> None:
    found = {name(manifest): manifest["spec"] for manifest in custom("strimzi")}
    for topic, partitions in (("votes", 12), ("votes.rejected", 1)):
        spec = found[f"KafkaTopic/{topic}"]
        assert (spec["partitions"], spec["replicas"]) == (partitions, 3)
        assert spec["config"]["retention.ms"] == -1
        assert spec["config"]["message.timestamp.type"] == "LogAppendTime"
        assert spec["config"]["min.insync.replicas"] == 2
    for line in (FOLDER / "base/kafka/server.properties").read_text().splitlines():
        key, _, value = line.partition("=")
        if key in found["Kafka/voting"]["kafka"]["config"]:
            assert str(found["Kafka/voting"]["kafka"]["config"][key]).lower() == value
