"""The manifests set only settings that the services have, with valid values."""

import json
import re
from pathlib import Path
from typing import Final

import msgspec
import pytest

from harness.testing.certificates import Authority
from k8s import passwords
from k8s.rendering import Manifest, manifests, of_kind, pod_specs
from svc_consumer.settings import TopicSettings
from svc_grpc_client.settings import GrpcClientSettings
from tools.services.roster import DEPLOYMENTS, SERVICES, settings_class
from voting.service.settings import Settings, read_settings

SETTINGS: Final[dict[str, type[Settings]]] = {
    **{
        f"Deployment/{deployment}": settings_class(service)
        for deployment, service in zip(DEPLOYMENTS, SERVICES, strict=True)
    },
    "Job/kafka-topics": TopicSettings,
}
RENDERED: Final = {
    "encryption": manifests("production", "encryption"),
    "local": manifests("local"),
    "managed": manifests("managed"),
    "production": manifests("production"),
    "grpc-unary": manifests("production", "grpc-unary"),
    "strimzi": manifests("production", "strimzi"),
    "tracing": manifests("production", "tracing"),
}
SECRETS: Final = {
    "encryption": {secret["metadata"]["name"]: secret["stringData"] for secret in passwords.made()},
    "managed": {
        "kafka-client": {"KAFKA_SASL_USERNAME": "voting", "KAFKA_SASL_PASSWORD": "secret"},
        "redis-client": {"REDIS_URL": "rediss://:secret@redis.example.com:6380/0"},
        "mongodb-client": {"MONGODB_URL": "mongodb://voting:secret@db.example.com/?tls=true"},
    },
}
"""The Secrets that the component `encryption` and the overlay `managed` need."""

every_service = pytest.mark.parametrize(
    ("title", "workload"),
    [
        (title, workload)
        for title, objects in RENDERED.items()
        for workload in SETTINGS
        if workload in pod_specs(objects)
    ],
)


def variables_of(title: str, workload: str) -> dict[str, str]:
    """Return the variables that a workload gets from its ConfigMaps and Secrets."""
    configs = of_kind(RENDERED[title], "ConfigMap")
    data = {
        "configMapRef": {m["metadata"]["name"]: m.get("data", {}) for m in configs},
        "secretRef": SECRETS.get(title, {}),
    }
    (container,) = pod_specs(RENDERED[title])[workload]["containers"]
    variables: dict[str, str] = {}
    for source in container["envFrom"]:  # later sources win
        ((kind, reference),) = source.items()
        variables |= data[kind].get(reference["name"], {})
    return variables


@every_service
def test_every_variable_is_a_setting_of_the_service(title: str, workload: str) -> None:
    fields = {field.name.upper() for field in msgspec.structs.fields(SETTINGS[workload])}
    assert variables_of(title, workload).keys() <= fields


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that cert-manager makes."""
    authority = Authority(tmp_path_factory.mktemp("pki"), "ca")
    folder = authority.certificate.parent
    pem = authority.sign("tls")
    for file in ("tls.crt", "tls.key"):
        pem.copy(folder / file)
    return folder


@every_service
def test_the_service_accepts_all_values(title: str, workload: str, certificates: Path) -> None:
    variables = {
        name: re.sub(r"/certificates/\w+", str(certificates), value)
        for name, value in variables_of(title, workload).items()
    }
    read_settings(SETTINGS[workload], variables)


@every_service
def test_no_default_address_on_this_machine_is_left_unset(title: str, workload: str) -> None:
    variables = variables_of(title, workload)
    for field in msgspec.structs.fields(SETTINGS[workload]):
        default = str(field.default)
        if "127.0.0.1" in default and field.name != "host":  # HOST is set by the image
            assert field.name.upper() in variables


@pytest.mark.parametrize("workload", SETTINGS)
def test_the_component_tracing_makes_every_service_send_traces(workload: str) -> None:
    settings = read_settings(SETTINGS[workload], variables_of("tracing", workload))
    assert settings.has_traces is (workload != "Job/kafka-topics")


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_svc_grpc_unary_is_svc_grpc_client_but_for_its_calls(overlay: str) -> None:
    objects = manifests(overlay, "grpc-unary")
    for kind in ("Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"):
        batched, unary = (
            next(m for m in of_kind(objects, kind) if m["metadata"]["name"] == name)
            for name in ("svc-grpc-client", "svc-grpc-unary")
        )
        if kind == "Deployment":
            (container,) = unary["spec"]["template"]["spec"]["containers"]
            (variable,) = container.pop("env")
            settings = read_settings(GrpcClientSettings, {variable["name"]: variable["value"]})
            assert settings == GrpcClientSettings(grpc_calls="unary")
        assert renamed(unary) == renamed(batched)


def renamed(manifest: Manifest) -> str:
    return json.dumps(manifest, sort_keys=True).replace("svc-grpc-unary", "svc-grpc-client")


@pytest.mark.parametrize("title", RENDERED)
def test_svc_results_uses_a_read_only_user_where_there_is_one(
    title: str,
) -> None:
    secrets = SECRETS.get(title, {})
    own = {"REDIS_URL": "redis://results@redis:6379/0"}
    expected = (secrets.get("redis-client") or secrets.get("svc-results", own))["REDIS_URL"]
    assert variables_of(title, "Deployment/svc-results")["REDIS_URL"] == expected
    assert "results@" not in variables_of(title, "Deployment/svc-consumer")["REDIS_URL"]


@every_service
def test_an_optional_secret_may_add_to_a_services_settings(title: str, workload: str) -> None:
    (container,) = pod_specs(RENDERED[title])[workload]["containers"]
    secrets = [source["secretRef"] for source in container["envFrom"] if "secretRef" in source]
    assert secrets
    assert all(secret["optional"] for secret in secrets)


@pytest.mark.parametrize("title", RENDERED)
def test_svc_voters_both_routes_and_nobody_else_get_the_keys_of_voters_tokens(title: str) -> None:
    with_keys = {
        workload
        for workload, spec in pod_specs(RENDERED[title]).items()
        for container in spec["containers"]
        for source in container.get("envFrom", [])
        if source.get("secretRef", {}).get("name") == "voter-keys"
    }
    assert with_keys - {"Deployment/svc-grpc-unary"} == {
        "Deployment/svc-grpc-client",
        "Deployment/svc-http-route",
        "Deployment/svc-voters",
    }
