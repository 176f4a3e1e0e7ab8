"""The chart and the kustomize manifests are the same system."""

import copy
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest

from k8s.helm.chart import BY_HAND, CHART, chart_files
from k8s.helm.helming import EXAMPLES, HelmError, helm, options, template
from k8s.helm.renderings import SWITCHES, UNARY, Objects, without_hashes
from k8s.helm.templates import switch
from k8s.rendering import render

RENEW: Final = "the manifests have changed: review the chart after ./bazelw run //k8s:golden"
PRODUCTION: Final = EXAMPLES / "production.yaml"
OVERLAYS: Final = {
    "local": [EXAMPLES / "local.yaml"],
    "production": [PRODUCTION],
    "gateway": [PRODUCTION, EXAMPLES / "gateway.yaml"],
    "managed": [PRODUCTION, EXAMPLES / "managed.yaml"],
}
KAFKA: Final = "settings.kafka-client.KAFKA_BOOTSTRAP_SERVERS=kafka.example.com:9092"
COMPARED: Final = sorted(
    (component for component in SWITCHES if not component.startswith("managed-")),
    key=lambda component: component != UNARY,  # others change what it adds
)
"""Components whose effect is compared; what is managed needs an address, so an example has it."""
REFUSED: Final = ({"encryption", "strimzi"}, {"encryption", "stand-ins"})
TOGETHER: Final = (
    *((component,) for component in COMPARED),
    *(pair for pair in combinations(COMPARED, 2) if {*pair} not in REFUSED),
    ("keda", "strimzi", "prometheus-operator", "rate-limit"),
)


def comparable(objects: Objects) -> Objects:
    """Return objects without what Helm and kustomize do in their own ways.

    kustomize puts hashes into the names of ConfigMaps, the chart into annotations; the chart's
    Jobs have a name for each revision; and the namespace is not the chart's.
    """
    found = {}
    for title, manifest in objects.items():
        plain = copy.deepcopy(manifest)
        if plain["kind"] == "Namespace":
            continue
        if plain["kind"] == "Job":
            plain["metadata"]["name"] = plain["metadata"]["name"].removesuffix("-1")
            title = title.removesuffix("-1")
        metadata = plain.get("spec", {}).get("template", {}).get("metadata", {})
        for annotation in ("checksum/files", "checksum/settings"):
            metadata.get("annotations", {}).pop(annotation, None)
        if metadata.get("annotations") == {}:
            del metadata["annotations"]
        if plain["kind"] == "PersistentVolumeClaim":
            plain["metadata"].pop("annotations", None)
        if plain["kind"] == "ConfigMap":
            plain["data"] = plain.get("data") or {}
        found[title] = plain
    return found


def assert_same(chart: Objects, kustomize: Objects) -> None:
    ours, theirs = comparable(chart), comparable(kustomize)
    assert ours.keys() == theirs.keys()
    for title, manifest in theirs.items():
        assert ours[title] == manifest


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_example_is_the_overlay_of_its_name(overlay: str) -> None:
    assert_same(template(OVERLAYS[overlay]), without_hashes(render(overlay)))


@pytest.mark.parametrize("components", TOGETHER, ids="+".join)
def test_switches_are_the_components_of_their_names(components: tuple[str, ...]) -> None:
    switches = [f"components.{switch(component)}=true" for component in components]
    overlay = "gateway" if "gateway-api" in components else "production"
    parts = [part for part in components if part != "gateway-api"]
    if overlay == "gateway":
        parts = ["grpc-unary-gateway" if part == "grpc-unary" else part for part in parts]
    assert_same(template([PRODUCTION], switches), without_hashes(render(overlay, *parts)))


def test_every_example_is_compared() -> None:
    assert {file for files in OVERLAYS.values() for file in files} == {*EXAMPLES.glob("*.yaml")}


def test_the_chart_is_the_reviewed_one() -> None:
    for path, text in chart_files().items():
        assert (CHART / path).read_text() == text, f"{path}: {RENEW}"


def test_no_template_is_left_of_something_removed() -> None:
    there = {file.name for file in (CHART / "templates").iterdir()}
    made = {path.removeprefix("templates/") for path in chart_files() if "templates/" in path}
    assert there == made | {*BY_HAND}, RENEW


@pytest.mark.parametrize("values", [[], *OVERLAYS.values()], ids=["none", *OVERLAYS])
def test_helm_finds_no_fault(values: list[Path]) -> None:
    helm("lint", str(CHART), "--strict", *options(values))


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("component.keda=true", "additional properties 'component' not allowed"),
        ("components.kedda=true", "additional properties 'kedda' not allowed"),
        ("sizes.svc-consumer.minReplicas=0", "minimum: got 0, want 1"),
        ("sizes.kafka.storage.data=lots", "'lots' does not match pattern"),
        ("entry.grpcShare=101", "maximum: got 101, want 100"),
        ("entry.tlsSecret=certificate", "/entry/host"),
        ("components.managedKafka=true", "missing property 'kafka-client'"),
        ("settings.svc-consumer.LOG_LEVEL=1", "got number, want string"),
    ],
)
def test_a_value_that_cannot_be_is_refused(setting: str, complaint: str) -> None:
    with pytest.raises(HelmError, match=complaint):
        template([], [setting])


@pytest.mark.parametrize("pair", REFUSED, ids="+".join)
def test_components_that_exclude_each_other_are_refused(pair: set[str]) -> None:
    with pytest.raises(HelmError, match="'not' failed"):
        template([], [f"components.{switch(component)}=true" for component in pair])


def test_kafka_is_either_managed_or_strimzis() -> None:
    both = ["components.managedKafka=true", "components.strimzi=true", KAFKA]
    with pytest.raises(HelmError, match="'not' failed"):
        template([], both)


@pytest.mark.parametrize(
    "other", ["managedKafka", "managedRedis", "managedMongodb", "strimzi", "standIns"]
)
def test_encryption_is_for_servers_of_our_own(other: str) -> None:
    both = ["components.encryption=true", f"components.{other}=true", KAFKA]
    with pytest.raises(HelmError, match="'not' failed"):
        template([], both)


def test_a_setting_reaches_its_service_and_restarts_it_and_no_other() -> None:
    before = template([])
    after = template([], ["settings.svc-consumer.LOG_LEVEL=debug"])
    assert after["ConfigMap/svc-consumer"]["data"] == {"LOG_LEVEL": "debug"}
    changed = {title for title in before if before[title] != after[title]}
    assert changed == {"ConfigMap/svc-consumer", "Deployment/svc-consumer"}


def test_the_weights_are_those_of_one_value() -> None:
    found = template([], ["entry.grpcShare=90"])
    annotations = found["Ingress/votes-http"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/canary-weight"] == "10"
    assert found["ConfigMap/vote-split"]["data"] == {"grpc": "90", "http": "10"}


def test_an_image_may_have_a_reference_of_its_own() -> None:
    found = template([], ["images.references.svc_polls=registry.my.org/polls@sha256:12"])
    (container,) = found["Deployment/svc-polls"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.my.org/polls@sha256:12"


def test_volumes_have_the_storage_class_and_pods_the_secrets_of_the_registry() -> None:
    found = template([], ["storageClass=fast", "images.pullSecrets[0].name=mine"])
    claim = found["StatefulSet/kafka"]["spec"]["volumeClaimTemplates"][1]
    assert claim["spec"]["storageClassName"] == "fast"
    assert found["PersistentVolumeClaim/svc-notary"]["spec"]["storageClassName"] == "fast"
    workloads = [m for m in found.values() if "template" in m.get("spec", {})]
    for workload in workloads:
        assert workload["spec"]["template"]["spec"]["imagePullSecrets"] == [{"name": "mine"}]


def test_the_notarys_volume_outlives_the_release() -> None:
    claim = template([])["PersistentVolumeClaim/svc-notary"]
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_in_another_namespace_nothing_names_the_usual_one() -> None:
    text = helm("template", "votes", str(CHART), "--namespace=other", "--set=components.keda=true")
    assert "namespace: voting" not in text
    assert "kafka-0.kafka.other:9092" in text
