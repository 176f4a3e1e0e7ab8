"""What the chart's values add that no component has: host, TLS, storage class, Secrets."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from k8s.helm.placeholders import block, value
from k8s.rendering import Manifest

_HOST: Final = "votes.example.com"
"""The host of production's entry: what names another one is not the values' to change."""


def claims(manifest: Manifest) -> Iterator[Manifest]:
    """Return the specs of the volumes that an object asks for."""
    if manifest["kind"] == "PersistentVolumeClaim":
        yield manifest["spec"]
    for claim in manifest.get("spec", {}).get("volumeClaimTemplates", []):
        yield claim["spec"]


def without_host(manifest: Manifest) -> Manifest:
    """Return an Ingress without the host and TLS of production; anything else as it is."""
    changed = copy.deepcopy(manifest)
    if manifest["kind"] == "Ingress" and manifest["spec"]["rules"][0].get("host") == _HOST:
        changed["spec"].pop("tls")
        for rule in changed["spec"]["rules"]:
            rule.pop("host")
    return changed


def with_host(manifest: Manifest) -> Manifest:
    """Return an object of the entry for the values' host."""
    changed = copy.deepcopy(manifest)
    if manifest["kind"] == "Gateway":
        changed["spec"]["listeners"][0]["hostname"] = value(".Values.entry.host")
    elif manifest["kind"] == "Ingress" and "host" not in manifest["spec"]["rules"][0]:
        (rule,) = manifest["spec"]["rules"]
        changed["spec"]["rules"] = [{"host": value(".Values.entry.host"), **rule}]
    return changed


def with_tls(manifest: Manifest) -> Manifest:
    """Return an object of the entry with TLS, for the values' host."""
    changed = copy.deepcopy(manifest)
    secret = value(".Values.entry.tlsSecret")
    if manifest["kind"] == "Gateway":
        changed["spec"]["listeners"][0] |= {
            "name": "websecure",
            "port": 8443,
            "protocol": "HTTPS",
            "tls": {"certificateRefs": [{"name": secret}]},
        }
    elif manifest["kind"] == "Ingress" and "host" not in manifest["spec"]["rules"][0]:
        changed["spec"]["tls"] = [{"hosts": [value(".Values.entry.host")], "secretName": secret}]
    return changed


def with_storage_class(manifest: Manifest) -> Manifest:
    """Return an object whose volumes have the values' storage class."""
    changed = copy.deepcopy(manifest)
    for claim in claims(changed):
        claim["storageClassName"] = value(".Values.storageClass")
    return changed


def with_pull_secrets(manifest: Manifest) -> Manifest:
    """Return an object whose pods pull images with the values' Secrets."""
    changed = copy.deepcopy(manifest)
    if "template" in changed.get("spec", {}):
        pod = changed["spec"]["template"]["spec"]
        pod["imagePullSecrets"] = block("toYaml .Values.images.pullSecrets")
    return changed


ADDITIONS: Final[Mapping[str, Callable[[Manifest], Manifest]]] = {
    ".Values.entry.host": with_host,
    ".Values.entry.tlsSecret": with_tls,
    ".Values.storageClass": with_storage_class,
    ".Values.images.pullSecrets": with_pull_secrets,
}
"""By the condition of each."""
