"""The components' custom resources fit their definitions."""

from typing import Any, Final

import jsonschema
import pytest
import yaml

from k8s.definitions import check, definitions, schemas
from k8s.rendering import FOLDER, Manifest, manifests, name, of_kind

STRIMZI: Final = yaml.safe_load((FOLDER / "strimzi.schema.yaml").read_text())
GO_MODULES: Final = ("cert_manager", "gateway_api", "keda", "prometheus_operator")
KNOWN: Final = schemas([*definitions(GO_MODULES), *STRIMZI])


def custom(component: str) -> list[Manifest]:
    found = manifests("production", component)
    return [m for m in found if (m["apiVersion"], m["kind"]) in KNOWN]


@pytest.mark.parametrize(
    ("component", "kinds"),
    [
        ("encryption", {"Certificate", "Issuer"}),
        ("gateway-api", {"Gateway", "HTTPRoute"}),
        ("grpc-unary-gateway", {"HTTPRoute"}),
        ("keda", {"ScaledObject"}),
        ("prometheus-operator", {"PodMonitor", "PrometheusRule"}),
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


@pytest.mark.parametrize(
    "component", ["encryption", "gateway-api", "keda", "prometheus-operator", "strimzi"]
)
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


def test_the_operators_prometheus_reads_the_pods_that_ours_reads_under_the_same_names() -> None:
    (monitor,) = of_kind(custom("prometheus-operator"), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    config = yaml.safe_load((FOLDER / "base/prometheus/prometheus.yml").read_text())
    ours = config["scrape_configs"][0]["relabel_configs"]
    jobs = [rule for rule in ours if rule.get("target_label") == "job"]
    assert [
        {
            "source_labels": rule["sourceLabels"],
            "regex": rule["regex"],
            "target_label": "job",
            "replacement": rule["replacement"],
        }
        for rule in endpoint["relabelings"]
        if rule["targetLabel"] == "job"
    ] == jobs
    settings = config["global"]
    assert endpoint["interval"] == settings["scrape_interval"]
    assert endpoint["scrapeTimeout"] == settings["scrape_timeout"]


def test_with_the_operator_our_prometheus_and_grafana_go_and_the_dashboards_stay() -> None:
    titles = set(map(name, manifests("production", "prometheus-operator")))
    assert not any(title.endswith(("/prometheus", "/grafana")) for title in titles)
    (boards,) = (
        m["metadata"]
        for m in of_kind(manifests("production", "prometheus-operator"), "ConfigMap")
        if m["metadata"]["name"].startswith("grafana-dashboards")
    )
    assert boards["labels"]["grafana_dashboard"] == "1"
