import json
from pathlib import Path

import pytest

from cluster.common.places import State
from cluster.node import configuration


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    state = State(tmp_path_factory.mktemp("cluster") / "state")
    configuration.write(state, api_port=16443)
    return state


def test_no_variable_is_left_in_a_file(state: State) -> None:
    folders = (state.config, state.addons)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if "$" in file.read_text()]


def test_the_network_of_pods_is_where_containerd_looks(state: State) -> None:
    network = json.loads((state.config / "cni" / "10-pods.conflist").read_text())
    assert network["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "10.244.0.0/24"}]]


def test_every_image_comes_from_the_clusters_own_registry(state: State) -> None:
    hosts = (state.config / "registries" / "_default" / "hosts.toml").read_text()
    assert 'server = "http://127.0.0.1:5000"' in hosts


def test_users_get_the_port_on_the_machine_and_components_the_inner_one(state: State) -> None:
    assert "https://127.0.0.1:16443" in state.kubeconfig.read_text()
    assert "https://127.0.0.1:6443" in (state.config / "kubelet.kubeconfig").read_text()


def test_the_state_can_be_in_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLUSTER_STATE", str(tmp_path / "other"))
    assert State().lock == tmp_path / "other.lock"
