"""compose.yaml says what the manifests, the roster and the system of //local:up say."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import yaml

from harness.servers.traefik_server import TraefikServer
from k8s.rendering import manifests, of_kind, pod_specs
from svc_consumer.settings import TopicSettings
from tools.services.roster import DEPLOYMENTS, SERVICES, settings_class
from voting.service.settings import read_settings

ROOT: Final = Path(__file__).parent.parent
COMPOSE: Final = yaml.safe_load((ROOT / "compose.yaml").read_text())
CONTAINERS: Final[dict[str, Any]] = COMPOSE["services"]
LOCAL: Final = manifests("local")
PODS: Final = {name.partition("/")[2]: pod for name, pod in pod_specs(LOCAL).items()}
GRAFANA: Final = pod_specs(manifests("production"))["Deployment/grafana"]

SERVICE_OF: Final = dict(zip(DEPLOYMENTS, SERVICES, strict=True))
PORTS: Final = {name: SERVICES[service].port for name, service in SERVICE_OF.items()}
OWN_SETTINGS: Final = {
    # One node, or another name for the same container.
    "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
    "KAFKA_TOPIC_REPLICAS": "1",
    "WATCHED_SERVICES": ",".join(
        f"{service}=http://{name}:{PORTS[name]}"
        for name, service in SERVICE_OF.items()
        if name != "svc-polls"
    ),
}
ONLY_HERE: Final = {"entry", "kafka-format", "volumes", "comparison"}
"""An Ingress controller, an init container, fsGroup, and a program outside of the system."""

ONE_NODE: Final = {
    "node.id",
    "controller.quorum.voters",
    "advertised.listeners",
    "default.replication.factor",
    "min.insync.replicas",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
}
FROM_THE_POD: Final = {"config.providers", "config.providers.env.class"}


def pod_settings(name: str) -> dict[str, str]:
    """Return what a workload of the overlay `local` gets from its ConfigMaps."""
    data = {m["metadata"]["name"]: m.get("data", {}) for m in of_kind(LOCAL, "ConfigMap")}
    (container,) = PODS[name]["containers"]
    settings: dict[str, str] = {}
    for source in container["envFrom"]:  # later sources win
        settings |= data[source["configMapRef"]["name"]] if "configMapRef" in source else {}
    return settings


def settings(name: str) -> dict[str, str]:
    """Return a container's variables, without the secrets that its user may set."""
    found = {key: str(value) for key, value in CONTAINERS[name]["environment"].items()}
    return {key: value for key, value in found.items() if not value.startswith("${")}


def test_every_workload_of_the_manifests_has_a_container() -> None:
    assert CONTAINERS.keys() == PODS.keys() | ONLY_HERE | {"grafana"}


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_container_has_the_image_of_its_pod(name: str) -> None:
    (container,) = PODS[name]["containers"]
    repository, _, _ = container["image"].rpartition(":")
    assert CONTAINERS[name]["image"] == f"{repository.rpartition('/')[2]}:latest"


def test_grafana_is_the_one_image_from_elsewhere_and_set_up_as_in_the_manifests() -> None:
    (container,) = GRAFANA["containers"]
    image, _, _ = container["image"].partition("@")
    assert CONTAINERS["grafana"]["image"] == image
    expected = {variable["name"]: variable["value"] for variable in container["env"]}
    assert CONTAINERS["grafana"]["environment"] == expected


@pytest.mark.parametrize("name", [*DEPLOYMENTS, "kafka-topics"])
def test_a_service_has_the_settings_of_its_pod(name: str) -> None:
    expected = pod_settings(name)
    own = {key: value for key, value in OWN_SETTINGS.items() if key in expected}
    assert settings(name) == {**expected, **own}


@pytest.mark.parametrize("name", [*DEPLOYMENTS, "kafka-topics"])
def test_a_service_accepts_its_settings(name: str) -> None:
    kind = settings_class(SERVICE_OF[name]) if name in SERVICE_OF else TopicSettings
    read_settings(kind, settings(name))


@pytest.mark.parametrize("secret", ["VOTER_KEYS", "SIGNING_KEY"])
def test_a_secret_goes_to_the_services_that_have_it_in_the_manifests(secret: str) -> None:
    named = secret.lower().replace("_", "-")
    of_pods = {
        name
        for name in DEPLOYMENTS
        for source in PODS[name]["containers"][0]["envFrom"]
        if source.get("secretRef", {}).get("name") == named
    }
    assert {n for n in DEPLOYMENTS if secret in CONTAINERS[n]["environment"]} == of_pods


@pytest.mark.parametrize("name", sorted(PODS.keys() - {"kafka"}))
def test_a_program_has_the_arguments_of_its_pod(name: str) -> None:
    (container,) = PODS[name]["containers"]
    assert CONTAINERS[name].get("command") == container.get("args")
    assert CONTAINERS[name].get("entrypoint") == container.get("command")


def test_kafka_runs_as_in_its_pod() -> None:
    pod = PODS["kafka"]
    for name, container in [
        ("kafka", pod["containers"][0]),
        ("kafka-format", pod["initContainers"][0]),
    ]:
        arguments = [argument.replace("server.", "kafka.") for argument in container["args"]]
        assert CONTAINERS[name]["command"] == arguments
        options = [v["value"] for v in container["env"] if v["name"] == "JAVA_TOOL_OPTIONS"]
        assert [CONTAINERS[name]["environment"]["JAVA_TOOL_OPTIONS"]] == options


def properties(path: str) -> dict[str, str]:
    lines = (ROOT / path).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_kafkas_settings_differ_from_the_manifests_only_in_the_number_of_nodes() -> None:
    ours = properties("compose/kafka.properties")
    theirs = properties("k8s/base/kafka/server.properties")
    different = {key for key in ours | theirs if ours.get(key) != theirs.get(key)}
    assert different == ONE_NODE | FROM_THE_POD


@pytest.mark.parametrize("name", sorted(PODS.keys() - {"kafka-topics"}))
def test_a_program_has_as_long_to_end_as_its_pod(name: str) -> None:
    seconds = PODS[name].get("terminationGracePeriodSeconds", 30)
    assert CONTAINERS[name]["stop_grace_period"] == f"{seconds}s"


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_is_as_restricted_as_a_pod(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(PODS))
def test_volumes_are_where_the_pod_has_them(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    claims = {"data", "metadata", "trees"} - {
        volume["name"] for volume in pod.get("volumes", []) if "persistentVolumeClaim" not in volume
    }
    expected = {m["mountPath"] for m in container.get("volumeMounts", []) if m["name"] in claims}
    volumes = (volume.split(":") for volume in CONTAINERS[name].get("volumes", []))
    assert {path for source, path, *_ in volumes if source in COMPOSE["volumes"]} >= expected


def test_redis_has_the_files_of_its_config_map() -> None:
    (config,) = (v["configMap"] for v in PODS["redis"]["volumes"] if v["name"] == "config")
    (files,) = (
        m["data"] for m in of_kind(LOCAL, "ConfigMap") if m["metadata"]["name"] == config["name"]
    )
    mounted = {path: source for source, path in map(mount, CONTAINERS["redis"]["volumes"])}
    folder = ROOT / mounted["/config"]
    assert {path.name: path.read_text() for path in folder.iterdir()} == files


def mount(volume: str) -> tuple[str, str]:
    source, path, *_ = volume.split(":")
    return source, path


def test_only_the_entry_is_published_beyond_this_machine() -> None:
    public = {
        name
        for name, container in CONTAINERS.items()
        for port in container.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }
    assert public == {"entry"}


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_published_port_is_one_of_the_pods(name: str) -> None:
    of_pod = {port["containerPort"] for port in PODS[name]["containers"][0].get("ports", [])}
    published = {int(port.rpartition(":")[2]) for port in CONTAINERS[name].get("ports", [])}
    assert published <= of_pod


def test_the_entrys_routes_are_those_of_the_system_on_one_machine(tmp_path: Path) -> None:
    backends = {
        part: f"http://{name}:{PORTS[name]}"
        for part, name in {
            "grpc": "svc-grpc-client",
            "http": "svc-http-route",
            "notary": "svc-notary",
            "results": "svc-results",
            "voters": "svc-voters",
        }.items()
    }
    server = TraefikServer(8080, 9080, tmp_path, backends)
    server.data.mkdir()
    server.prepare()
    (expected,) = (msgspec.json.decode(path.read_bytes()) for path in server.data.glob("routes*"))
    assert yaml.safe_load((ROOT / "compose/traefik/routes.yaml").read_text()) == expected


def test_prometheus_reads_every_service_as_often_as_in_the_manifests() -> None:
    ours = yaml.safe_load((ROOT / "compose/prometheus.yaml").read_text())
    theirs = yaml.safe_load((ROOT / "k8s/base/prometheus/prometheus.yml").read_text())
    assert (ours["global"], ours["rule_files"]) == (theirs["global"], theirs["rule_files"])
    read = {
        job["job_name"]: job["static_configs"][0]["targets"][0] for job in ours["scrape_configs"]
    }
    expected = {SERVICE_OF[name]: f"{name}:{port}" for name, port in PORTS.items()}
    assert expected.items() <= read.items()
    assert read.keys() - expected.keys() == {"traefik", "prometheus"}


def test_every_file_that_is_mounted_exists() -> None:
    sources = {
        volume.split(":")[0]
        for container in CONTAINERS.values()
        for volume in container.get("volumes", [])
    }
    files = {source for source in sources if source.startswith("./")} - {"./reports"}
    assert [source for source in sorted(files) if not (ROOT / source).exists()] == []
