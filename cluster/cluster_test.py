"""A real cluster with a small service in it: everything that our services need of Kubernetes."""

import http.client
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cluster import running
from cluster.common.errors import ClusterError
from cluster.common.places import SOURCES, State
from cluster.kubectl import kubectl
from cluster.node.main import Description
from cluster.node.supervisor import restarts
from cluster.provision import images, programs
from cluster.start import start
from harness.processes.waiting import wait_until

FREE = {"registry": 0, "api": 0, "entry": 0}


class Cluster:
    """The running cluster under test."""

    def __init__(self, state: State, description: Description) -> None:
        self.state, self.description = state, description

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return kubectl(self.state.kubeconfig, *arguments, stdin=stdin)

    def get(self, path: str, canary: str | None = None) -> str:
        """Return the body of a 200 that the entry answers with; another status as `#404`."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.description.ports["entry"], timeout=10
        )
        connection.request("GET", path, headers={"X-Vote-Canary": canary} if canary else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return body if answer.status == 200 else f"#{answer.status}"


def host() -> str:
    """What a cluster must not change: this machine's devices, mounts, and name."""
    commands = (["ip", "-brief", "link"], ["findmnt", "--noheadings", "--list"], ["hostname"])
    return "\n".join(subprocess.check_output(command, text=True) for command in commands)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    state = State(tmp_path_factory.mktemp("cluster") / "state")
    before = host()
    description = start(state, FREE)
    try:
        registry = f"127.0.0.1:{description.ports['registry']}"
        images.push_program(programs.ensure("echo"), f"{registry}/echo:1")
        cluster = Cluster(state, description)
        manifest = str(SOURCES / "testing" / "echo.yaml")
        cluster.kubectl("apply", "--validate=strict", f"--filename={manifest}")
        rollouts = ("deployment/grpc", "deployment/http", "statefulset/store")
        for name in rollouts:
            cluster.kubectl("-n", "echo", "rollout", "status", name, "--timeout=60s")
        yield cluster
    finally:
        running.end(state)
    assert not state.folder.exists()
    assert [group for group in description.groups if Path(group).exists()] == []
    assert host() == before


def forced(cluster: Cluster, canary: str, route: str) -> None:
    wait_until(lambda: cluster.get("/", canary) == route, f"route {route}")


def test_a_header_forces_either_route(cluster: Cluster) -> None:
    forced(cluster, "always", "http")
    forced(cluster, "never", "grpc")
    assert {cluster.get("/", "always") for _ in range(20)} == {"http"}
    assert {cluster.get("/", "never") for _ in range(20)} == {"grpc"}


def test_without_the_header_half_of_the_requests_take_each_route(cluster: Cluster) -> None:
    forced(cluster, "always", "http")
    forced(cluster, "never", "grpc")
    split = Counter(cluster.get("/") for _ in range(200))
    assert split == {"http": 100, "grpc": 100}


def test_a_gateway_api_route_splits_and_is_forced_alike(cluster: Cluster) -> None:
    manifest = str(SOURCES / "testing" / "gateway.yaml")
    cluster.kubectl("apply", "--validate=strict", f"--filename={manifest}")
    wait_until(lambda: cluster.get("/split", "always") == "http", "the gateway's route")
    wait_until(lambda: cluster.get("/split", "never") == "grpc", "its other route")
    split = Counter(cluster.get("/split") for _ in range(200))
    assert split == {"http": 100, "grpc": 100}


@pytest.mark.parametrize(("gone", "other"), [("grpc", "http"), ("http", "grpc")])
def test_a_route_without_pods_leaves_all_requests_to_the_other(
    cluster: Cluster, gone: str, other: str
) -> None:
    def asked() -> Counter[str]:
        return Counter(cluster.get("/") for _ in range(40))

    deployment = f"deployment/{gone}"
    cluster.kubectl("-n", "echo", "scale", deployment, "--replicas=0")
    try:
        wait_until(lambda: asked() == {other: 40}, f"all from {other}")
        assert {cluster.get("/", canary) for canary in ("always", "never")} == {other}
    finally:
        cluster.kubectl("-n", "echo", "scale", deployment, "--replicas=1")
        wait_until(lambda: asked() == {"grpc": 20, "http": 20}, "a split again")


@pytest.mark.parametrize("canary", [None, "always", "never"])
def test_an_address_over_its_limit_is_refused_on_either_route(
    cluster: Cluster, canary: str | None
) -> None:
    limits = ("limit-rps", "limit-burst-multiplier")
    names = [f"nginx.ingress.kubernetes.io/{limit}" for limit in limits]
    annotate = ("-n", "echo", "annotate", "ingress/grpc")

    def refused(requests: int) -> int:
        return sum(cluster.get("/", canary) == "#429" for _ in range(requests))

    cluster.kubectl(*annotate, *(f"{name}=2" for name in names))
    try:
        wait_until(lambda: refused(20) >= 10, "some are refused")
    finally:
        cluster.kubectl(*annotate, *(f"{name}-" for name in names))
        wait_until(lambda: refused(20) == 0, "none is refused")


def answers(cluster: Cluster, path: str, body: str) -> bool:
    return cluster.get(path, "never") == body


def test_pods_find_each_other_by_name(cluster: Cluster) -> None:
    forced(cluster, "never", "grpc")
    names = {"http.echo": "http", "store-0.store.echo.svc.cluster.local:8080": "store"}
    for host, answer in names.items():  # a service needs a moment to learn of its pods
        path = f"/via?url=http://{host}/"
        wait_until(partial(answers, cluster, path, answer), host)


def test_a_volume_outlives_its_pod(cluster: Cluster) -> None:
    def starts() -> str:
        return cluster.get("/via?url=http://store-0.store.echo:8080/starts", "never")

    before = int(starts())
    cluster.kubectl("-n", "echo", "delete", "pod", "store-0")
    wait_until(lambda: starts() == str(before + 1), "the next start on the same volume")


def test_the_cpu_time_of_pods_is_measured(cluster: Cluster) -> None:
    def top() -> bool:
        try:
            return "store-0" in cluster.kubectl("-n", "echo", "top", "pods")
        except ClusterError:
            return False

    wait_until(top, "figures of metrics-server")


def test_a_privileged_pod_is_refused(cluster: Cluster) -> None:
    run = ("-n", "echo", "run", "root", "--image=127.0.0.1:5000/echo:1", "--privileged")
    with pytest.raises(ClusterError, match="violates PodSecurity"):
        cluster.kubectl(*run)


def test_a_misspelt_field_is_refused(cluster: Cluster) -> None:
    manifest = (SOURCES / "testing" / "echo.yaml").read_text().replace("replicas", "replica")
    with pytest.raises(ClusterError, match=r'unknown field "spec\.replica"'):
        cluster.kubectl("apply", "--validate=strict", "--filename=-", stdin=manifest)


def test_a_component_that_is_killed_is_restarted(cluster: Cluster) -> None:
    kill = ["pkill", "--full", "node coredns"]
    subprocess.run([*running.inside(cluster.state), *kill], check=True)
    log = cluster.state.log / "node.log"
    wait_until(lambda: restarts(log.read_text())["coredns"] == 1, "its next start")
    url = "/via?url=http://http.echo"
    wait_until(lambda: cluster.get(url, "never") == "http", "names again")


def test_a_second_cluster_in_the_same_place_is_refused(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="already running"):
        start(cluster.state, FREE)


def test_a_second_cluster_in_another_place_cannot_be_seen_by_the_first(
    cluster: Cluster, tmp_path: Path
) -> None:
    other = State(tmp_path / "state")
    try:
        start(other, FREE)
        assert kubectl(other.kubeconfig, "get", "pods", "--all-namespaces", "--output=name") == ""
    finally:
        running.end(other)
    assert cluster.get("/", "always") == "http"
