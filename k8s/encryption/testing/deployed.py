"""What the component `encryption` deploys, on this machine.

Only addresses and folders are this machine's. Certificates are signed here, as cert-manager would.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from harness.testing.certificates import Authority
from k8s import passwords
from k8s.rendering import Manifest, manifests, of_kind, pod_specs
from tools.services.roster import SERVICES

RENDERED: Final = manifests("production", "encryption")
SECRETS: Final = {secret["metadata"]["name"]: secret["stringData"] for secret in passwords.made()}
CERTIFICATES: Final = {
    certificate["spec"]["secretName"]: certificate["spec"]
    for certificate in of_kind(RENDERED, "Certificate")
}
USING_KAFKA: Final = [name for name, service in SERVICES.items() if "kafka" in service.needs]


class Cluster:
    """Folders with the files that pods mount, and the settings of their services."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = Authority(folder / "pki", "authority")
        for secret, data in SECRETS.items():
            (folder / secret).mkdir()
            for key, value in data.items():
                (folder / secret / key).write_text(value)
        for secret, wanted in CERTIFICATES.items():
            self._sign(folder / secret, wanted)

    def _sign(self, folder: Path, wanted: Manifest) -> None:
        """Write the files of a Secret as cert-manager does."""
        folder.mkdir()
        pem = self._authority.sign(wanted["commonName"])
        self._authority.certificate.copy(folder / "ca.crt")
        for file in ("tls.crt", "tls.key", "tls-combined.pem"):
            pem.copy(folder / file)

    def here(self, workload: str, text: str) -> str:
        """Return a text in which the folders that a workload mounts are this machine's."""
        pod = pod_specs(RENDERED)[workload]
        volumes = {
            volume["name"]: volume["secret"]["secretName"]
            for volume in pod["volumes"]
            if "secret" in volume
        }
        for mount in pod["containers"][0]["volumeMounts"]:
            if secret := volumes.get(mount["name"]):
                text = re.sub(rf"{mount['mountPath']}(?=[/:])", str(self._folder / secret), text)
        return text

    def arguments(self, workload: str) -> list[str]:
        """Return the arguments of a workload's container."""
        [container] = pod_specs(RENDERED)[workload]["containers"]
        return [self.here(workload, argument) for argument in container["args"]]

    def settings(self, workload: str, addresses: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a workload's container, with these addresses of servers."""
        configs = {
            config["metadata"]["name"]: config.get("data", {})
            for config in of_kind(RENDERED, "ConfigMap")
        }
        [container] = pod_specs(RENDERED)[workload]["containers"]
        found: dict[str, str] = {}
        for source in container["envFrom"]:  # later sources win
            [(kind, reference)] = source.items()
            known = configs if kind == "configMapRef" else SECRETS
            found |= known.get(reference["name"], {})
        for name, value in found.items():
            moved = self.here(workload, value)
            found[name] = moved if name not in addresses else _at(addresses[name], moved)
        return found

    def file(self, secret: str, key: str) -> Path:
        """Return the file of a Secret's key."""
        return self._folder / secret / key


def _at(address: str, value: str) -> str:
    """Return an address with its hosts replaced, without a MongoDB's user and replica set."""
    if "://" not in value:
        return address
    url = urlsplit(value)
    if url.scheme == "mongodb":
        tls = "&".join(part for part in url.query.split("&") if part.startswith("tls"))
        return f"mongodb://{address}/?{tls}"
    if url.scheme == "dns":
        return f"dns:///{address}"
    return value.replace("@redis:6379", f"@{address}")
