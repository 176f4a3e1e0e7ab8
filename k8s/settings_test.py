"""What the manifests set is what the services can be told."""

from typing import Final

import msgspec
import pytest

from k8s.rendering import COMPONENTS, Manifest, manifests, of_kind, pod_specs
from svc_consumer.settings import ConsumerSettings, TopicSettings
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_server.settings import GrpcServerSettings
from svc_http_route.settings import HttpRouteSettings
from svc_results.settings import ResultsSettings
from voting.settings import Settings, read_settings

SERVICES: Final[dict[str, type[Settings]]] = {
    "Deployment/svc-consumer": ConsumerSettings,
    "Deployment/svc-grpc-client": GrpcClientSettings,
    "Deployment/svc-grpc-server": GrpcServerSettings,
    "Deployment/svc-http-route": HttpRouteSettings,
    "Deployment/svc-results": ResultsSettings,
    "Job/kafka-topics": TopicSettings,
}
RENDERED: Final = {
    "local": manifests("local"),
    "production": manifests("production"),
    "strimzi": manifests("production", "strimzi"),
}

every_service = pytest.mark.parametrize(
    ("title", "workload"),
    [
        (title, workload)
        for title, objects in RENDERED.items()
        for workload in SERVICES
        if workload in pod_specs(objects)
    ],
)


def told(objects: list[Manifest], workload: str) -> dict[str, str]:
    """Return the variables that a workload gets from its ConfigMaps."""
    data = {m["metadata"]["name"]: m.get("data", {}) for m in of_kind(objects, "ConfigMap")}
    (container,) = pod_specs(objects)[workload]["containers"]
    sources = [s["configMapRef"]["name"] for s in container["envFrom"] if "configMapRef" in s]
    return {key: value for source in sources for key, value in data[source].items()}


@every_service
def test_every_variable_is_a_setting_of_the_service(title: str, workload: str) -> None:
    fields = {field.name.upper() for field in msgspec.structs.fields(SERVICES[workload])}
    assert told(RENDERED[title], workload).keys() <= fields


@every_service
def test_the_service_takes_their_values(title: str, workload: str) -> None:
    read_settings(SERVICES[workload], told(RENDERED[title], workload))


@every_service
def test_nothing_that_leads_to_this_machine_is_left_unset(title: str, workload: str) -> None:
    variables = told(RENDERED[title], workload)
    for field in msgspec.structs.fields(SERVICES[workload]):
        default = str(field.default)
        if "127.0.0.1" in default and field.name != "host":  # HOST is set by the image
            assert field.name.upper() in variables


@every_service
def test_a_secret_may_add_to_each_of_its_settings(title: str, workload: str) -> None:
    (container,) = pod_specs(RENDERED[title])[workload]["containers"]
    secrets = [source["secretRef"] for source in container["envFrom"] if "secretRef" in source]
    assert secrets
    assert all(secret["optional"] for secret in secrets)


def test_the_tests_know_all_components() -> None:
    assert set(COMPONENTS) == {"gateway-api", "keda", "strimzi"}
