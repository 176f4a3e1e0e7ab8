"""Gives every volume claim of the cluster's storage class a folder on the node.

Kubernetes itself makes no volumes; cloud providers, and on small clusters programs such as this
one, do. The volumes are of type `local`, on which the kubelet sets the group that a pod asks for.
"""

import shutil
import time
from pathlib import Path
from typing import Any, Final, Protocol

from cluster.common import network
from cluster.common.places import LIB, PKI
from cluster.node.api import Api
from harness.processes.console import say

CLASS: Final = "local"
"""The storage class; addons/storage.yaml makes it the default."""

_CORE: Final = "/api/v1"
_FOLDER: Final = LIB / "volumes"
_POLL_SECONDS: Final = 0.5


class Requests(Protocol):
    """The part of `Api` that is needed here."""

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and return the answer."""


def volume_for(claim: dict[str, Any]) -> dict[str, Any]:
    """Return the volume that serves a claim, and only that one."""
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [network.NODE]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": CLASS,
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "local": {"path": str(_FOLDER / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def wants_volume(claim: dict[str, Any]) -> bool:
    """Return whether a claim waits for a volume of ours."""
    spec = claim["spec"]
    return spec.get("storageClassName") == CLASS and not spec.get("volumeName")


def is_released(volume: dict[str, Any]) -> bool:
    """Return whether a volume of ours has lost its claim, so that its data is useless."""
    ours: bool = volume["spec"].get("storageClassName") == CLASS
    return ours and volume.get("status", {}).get("phase") == "Released"


def provide(api: Requests) -> None:
    """Serve the claims that wait, and remove the volumes whose claims are gone."""
    listed = api.request("GET", f"{_CORE}/persistentvolumes")["items"]
    volumes = {volume["metadata"]["name"]: volume for volume in listed}
    claims = api.request("GET", f"{_CORE}/persistentvolumeclaims")["items"]
    for claim in filter(wants_volume, claims):
        volume = volume_for(claim)
        if volume["metadata"]["name"] not in volumes:
            Path(volume["spec"]["local"]["path"]).mkdir(parents=True, exist_ok=True)
            api.request("POST", f"{_CORE}/persistentvolumes", volume)
    for name in [name for name, volume in volumes.items() if is_released(volume)]:
        api.request("DELETE", f"{_CORE}/persistentvolumes/{name}")
        shutil.rmtree(_FOLDER / name)


def main() -> None:
    """Serve claims until the process is ended."""
    api = Api(PKI, "storage", network.API_PORT)
    while True:
        try:
            provide(api)
        except OSError as error:
            say(f"the API server failed: {error}")
        time.sleep(_POLL_SECONDS)


if __name__ == "__main__":
    main()
