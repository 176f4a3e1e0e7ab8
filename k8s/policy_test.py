"""What every workload must have to be safe to run, restart and move."""

from pathlib import Path
from typing import Final

import pytest

from k8s.rendering import COMPONENTS, Manifest, manifests, name, of_kind, pod_specs
from tools.services.roster import DEPLOYMENTS, SERVICES

RENDERED: Final = {
    "gateway": manifests("gateway"),
    "local": manifests("local"),
    "managed": manifests("managed"),
    "production": manifests("production"),
    **{component: manifests("production", component) for component in COMPONENTS},
}
REPLACED: Final = {("keda", "HorizontalPodAutoscaler", "svc-consumer"): "ScaledObject"}
"""The kind with which a component replaces an object that every service has."""

SERVERS_OF_FEW: Final = {"svc-polls": 2, "svc-notary": 1}
"""Services whose work does not grow with the votes, and how many pods each has."""

LOGS_MEBIBYTES: Final = 60
"""What a container's logs take at most: five files of 10 Mi, and one that is being written."""

every_rendering = pytest.mark.parametrize("title", RENDERED)
every_service = pytest.mark.parametrize("service", DEPLOYMENTS)


def containers(objects: list[Manifest]) -> dict[str, Manifest]:
    """Return all containers, init containers included, by workload and name."""
    return {
        f"{workload}: {container['name']}": container
        for workload, pod in pod_specs(objects).items()
        for container in pod.get("initContainers", []) + pod["containers"]
    }


@every_rendering
def test_pods_comply_with_the_restricted_profile(title: str) -> None:
    for workload, pod in pod_specs(RENDERED[title]).items():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, workload
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, workload
        assert not pod.get("hostNetwork"), workload
    for container, spec in containers(RENDERED[title]).items():
        context = spec["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, container
        assert context["capabilities"] == {"drop": ["ALL"]}, container
        assert context["readOnlyRootFilesystem"] is True, container


@every_rendering
def test_the_namespace_enforces_the_restricted_profile(title: str) -> None:
    (namespace,) = of_kind(RENDERED[title], "Namespace")
    for mode in ("enforce", "warn", "audit"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


@every_rendering
def test_containers_have_requests_and_limits_of_what_cannot_be_shared(title: str) -> None:
    for container, spec in containers(RENDERED[title]).items():
        resources = spec["resources"]
        assert resources["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}, container
        assert resources["limits"].keys() == {"memory", "ephemeral-storage"}, container


@every_rendering
def test_a_full_scratch_folder_and_the_logs_fit_below_the_limit_of_storage(title: str) -> None:
    for workload, pod in pod_specs(RENDERED[title]).items():
        folders = [v["emptyDir"]["sizeLimit"] for v in pod.get("volumes", []) if "emptyDir" in v]
        limits = [c["resources"]["limits"]["ephemeral-storage"] for c in pod["containers"]]
        room = sum(map(mebibytes, limits)) - sum(map(mebibytes, folders))
        assert room >= LOGS_MEBIBYTES, workload


def mebibytes(quantity: str) -> int:
    """Return the number of a quantity in Mi."""
    return int(quantity.removesuffix("Mi"))


@every_rendering
def test_long_running_containers_have_probes(title: str) -> None:
    for workload, pod in pod_specs(RENDERED[title]).items():
        if workload.startswith("Job/"):
            continue
        for container in pod["containers"]:
            probes = {"startupProbe", "livenessProbe", "readinessProbe"}
            assert probes <= container.keys(), workload


@every_rendering
def test_only_prometheus_may_use_the_api_server(title: str) -> None:
    for workload, pod in pod_specs(RENDERED[title]).items():
        assert pod["automountServiceAccountToken"] is (workload == "StatefulSet/prometheus")
    for account in of_kind(RENDERED[title], "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    for role in of_kind(RENDERED[title], "Role", "ClusterRole"):
        assert name(role) == "Role/prometheus"
        assert role["rules"] == [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
        ]


@every_rendering
def test_every_pod_has_a_network_policy_of_its_own(title: str) -> None:
    policies = {m["metadata"]["name"]: m for m in of_kind(RENDERED[title], "NetworkPolicy")}
    denied = policies["default-deny"]["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    own = set(policies) | {"mongodb-replica-set"}  # MongoDB's policy covers the Job that sets it up
    assert {workload.partition("/")[2] for workload in pod_specs(RENDERED[title])} <= own


@pytest.mark.parametrize("server", ["kafka", "redis", "mongodb"])
def test_a_server_lets_in_the_services_that_need_it_and_no_other(server: str) -> None:
    needing = {
        deployment
        for deployment, service in zip(DEPLOYMENTS, SERVICES.values(), strict=True)
        if server in [need.removesuffix("-reader") for need in service.needs]
    }
    policies = {
        (title, m["metadata"]["name"]): m["spec"]
        for title in ("production", "managed")
        for m in of_kind(RENDERED[title], "NetworkPolicy")
    }
    rules = policies["production", server]["ingress"]
    sources = [source["podSelector"] for rule in rules for source in rule["from"]]
    outside = policies["managed", f"managed-{server}"]["podSelector"]
    assert selected_services(sources) == needing
    assert selected_services([outside]) == needing


def selected_services(selectors: list[Manifest]) -> set[str]:
    """Return the services among the pods that selectors list by name."""
    found = {
        value
        for selector in selectors
        for expression in selector.get("matchExpressions", [])
        for value in expression["values"]
    }
    return found.intersection(DEPLOYMENTS)


def test_operations_names_the_ports_that_are_open_to_managed_servers() -> None:
    text = Path("docs/operations.md").read_text(encoding="utf-8").replace("\n", " ")
    policies = {m["metadata"]["name"]: m for m in of_kind(RENDERED["managed"], "NetworkPolicy")}
    for title in ("Kafka", "Redis", "MongoDB"):
        (rule,) = policies[f"managed-{title.lower()}"]["spec"]["egress"]
        (ports,) = rule["ports"]
        between = "and" if ports["endPort"] == ports["port"] + 1 else "to"
        assert f"{title} {ports['port']} {between} {ports['endPort']}" in text


@every_rendering
def test_there_is_no_secret_among_the_manifests(title: str) -> None:
    assert of_kind(RENDERED[title], "Secret") == []
    for config in of_kind(RENDERED[title], "ConfigMap"):
        assert not any("PASSWORD" in key for key in config.get("data", {})), name(config)


@every_rendering
@every_service
@pytest.mark.parametrize(
    "kind",
    ["Deployment", "Service", "ServiceAccount", "HorizontalPodAutoscaler", "PodDisruptionBudget"],
)
def test_a_service_is_complete(title: str, service: str, kind: str) -> None:
    if kind == "HorizontalPodAutoscaler" and service in SERVERS_OF_FEW:
        return
    kind = REPLACED.get((title, kind, service), kind)
    assert f"{kind}/{service}" in map(name, RENDERED[title])


@every_rendering
def test_exactly_the_services_are_labelled_as_services(title: str) -> None:
    for workload, pod in labels(RENDERED[title]).items():
        is_service = workload.partition("/")[2] in {*DEPLOYMENTS, "svc-grpc-unary"}
        assert (pod.get("app.kubernetes.io/component") == "service") is is_service, workload


def labels(objects: list[Manifest]) -> dict[str, dict[str, str]]:
    """Return the labels of the pods of each workload."""
    templates = {name(m): m["spec"]["template"] for m in objects if "template" in m.get("spec", {})}
    return {workload: template["metadata"]["labels"] for workload, template in templates.items()}


def test_the_notary_gives_its_volume_up_before_the_next_one_starts() -> None:
    deployment = next(m for m in RENDERED["production"] if name(m) == "Deployment/svc-notary")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment["spec"]["replicas"] == 1


@pytest.mark.parametrize("service", [s for s in DEPLOYMENTS if s != "svc-notary"])
def test_a_service_is_spread_out_and_replaced_gradually(service: str) -> None:
    deployment = next(m for m in RENDERED["production"] if name(m) == f"Deployment/{service}")
    spec, pod = deployment["spec"], deployment["spec"]["template"]["spec"]
    # Where there is an autoscaler, each apply would undo what it did.
    assert spec.get("replicas") == SERVERS_OF_FEW.get(service)
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    spread = {constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]}
    assert spread == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@pytest.mark.parametrize("service", [s for s in DEPLOYMENTS if s != "svc-consumer"])
def test_a_service_with_clients_keeps_serving_until_they_have_moved_on(service: str) -> None:
    pod = pod_specs(RENDERED["production"])[f"Deployment/{service}"]
    seconds = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert seconds == 6
    # After that a service finishes its requests within 15 s and its batches within another 10 s.
    assert pod["terminationGracePeriodSeconds"] >= seconds + 15 + 10


@pytest.mark.parametrize("service", ["svc-results", "svc-polls", "svc-notary"])
def test_who_says_itself_what_is_away_stays_up(service: str) -> None:
    container = pod_specs(RENDERED["production"])[f"Deployment/{service}"]["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"


@every_rendering
def test_no_entry_leads_to_the_organisers_api(title: str) -> None:
    for kind in ("Ingress", "HTTPRoute", "Gateway"):
        for entry in of_kind(RENDERED[title], kind):
            assert "svc-polls" not in str(entry), name(entry)
    policies = {m["metadata"]["name"]: m["spec"] for m in of_kind(RENDERED[title], "NetworkPolicy")}
    assert "svc-polls" not in str(policies["entry"])
    (rule,) = policies["svc-polls"]["ingress"]
    organisers = {"app.kubernetes.io/component": "organiser"}
    assert rule["from"] == [{"podSelector": {"matchLabels": organisers}}]


def test_production_runs_three_nodes_of_each_store_on_three_nodes() -> None:
    for title in ("kafka", "mongodb"):
        (store,) = (m for m in RENDERED["production"] if name(m) == f"StatefulSet/{title}")
        assert store["spec"]["replicas"] == 3
        (spread,) = store["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert spread["topologyKey"] == "kubernetes.io/hostname"
        assert spread["whenUnsatisfiable"] == "DoNotSchedule"


def test_a_node_of_a_store_has_time_to_catch_up_before_the_next_one_stops() -> None:
    for title in ("kafka", "mongodb"):
        (store,) = (m for m in RENDERED["production"] if name(m) == f"StatefulSet/{title}")
        assert store["spec"]["minReadySeconds"] >= 10


def test_production_pins_third_party_images() -> None:
    for container, spec in containers(RENDERED["production"]).items():
        if "svc_" not in spec["image"]:
            assert "@sha256:" in spec["image"], container


def test_production_takes_the_images_of_services_from_one_place() -> None:
    images = {spec["image"] for spec in containers(RENDERED["production"]).values()}
    ours = {image for image in images if "svc_" in image}
    assert {image.rpartition("/")[0] for image in ours} == {"registry.example.com/voting"}


def test_local_takes_all_images_from_one_place() -> None:
    images = {spec["image"] for spec in containers(RENDERED["local"]).values()}
    assert {image.rpartition("/")[0] for image in images} == {"localhost:5000/voting"}
    assert {image.rpartition(":")[2] for image in images} == {"dev"}
