from pathlib import Path
from typing import Any

import pytest

from cluster.node import storage


def claim(**spec: object) -> dict[str, Any]:
    defaults = {
        "storageClassName": "local",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    meta = {"namespace": "voting", "name": "data-kafka-0", "uid": "42"}
    return {"metadata": meta, "spec": {**defaults, **spec}}


class FakeApi:
    """Lists claims and volumes; records what is created, and the names of what is deleted."""

    def __init__(self, claims: list[dict[str, Any]], volumes: list[dict[str, Any]]) -> None:
        self.lists = {"persistentvolumeclaims": claims, "persistentvolumes": volumes}
        self.deleted: list[str] = []

    def request(self, method: str, path: str, body: Any = None) -> Any:
        name = path.rpartition("/")[2]
        if method == "POST":
            self.lists[name].append(body)
        if method == "DELETE":
            self.deleted.append(name)
        return {"items": self.lists.get(name, [])}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(storage, "_FOLDER", tmp_path)
    return tmp_path


def test_a_waiting_claim_gets_one_volume_however_often_it_is_seen(folder: Path) -> None:
    api = FakeApi([claim()], [])
    storage.provide(api)
    storage.provide(api)
    (volume,) = api.lists["persistentvolumes"]
    assert volume["spec"]["claimRef"]["uid"] == "42"
    assert volume["spec"]["capacity"] == {"storage": "1Gi"}
    assert (folder / "pvc-42").is_dir()


@pytest.mark.parametrize("spec", [{"storageClassName": "fast"}, {"volumeName": "pv0"}])
def test_other_claims_are_left_alone(spec: dict[str, str]) -> None:
    api = FakeApi([claim(**spec)], [])
    storage.provide(api)
    assert api.lists["persistentvolumes"] == []


def test_a_volume_without_its_claim_goes_with_its_data(folder: Path) -> None:
    volume = storage.volume_for(claim()) | {"status": {"phase": "Released"}}
    (folder / "pvc-42").mkdir()
    api = FakeApi([], [volume])
    storage.provide(api)
    assert api.deleted == ["pvc-42"]
    assert not (folder / "pvc-42").exists()
