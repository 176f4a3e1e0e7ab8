"""Keys and certificates of the cluster: two authorities, and a certificate per component."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.common import network

DAYS: Final = 30
"""How long they are valid: a test cluster does not live longer."""

_EC: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


_SIGNS: Final = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")


@dataclass(frozen=True)
class Leaf:
    """A certificate: its file, its subject, the authority that signs it, and its hosts."""

    file: str
    subject: str
    authority: str = "ca"
    hosts: str = ""


_API_HOSTS: Final = ",".join(
    [
        *("DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "IP:127.0.0.1"),
        *("DNS:kubernetes.default.svc", "DNS:kubernetes.default.svc.cluster.local"),
        *(f"IP:{network.NODE_IP}", f"IP:{network.API_SERVICE_IP}"),
    ]
)
_NODE_HOSTS: Final = f"DNS:{network.NODE},IP:{network.NODE_IP},IP:127.0.0.1"

LEAVES: Final = [
    Leaf("apiserver", "/CN=kube-apiserver", hosts=_API_HOSTS),
    Leaf("apiserver-kubelet-client", "/O=system:masters/CN=apiserver-kubelet-client"),
    Leaf("front-proxy-client", "/CN=front-proxy-client", authority="front-proxy"),
    Leaf("admin", "/O=system:masters/CN=admin"),
    Leaf("kube-controller-manager", "/CN=system:kube-controller-manager"),
    Leaf("kube-scheduler", "/CN=system:kube-scheduler"),
    Leaf("kube-proxy", "/CN=system:kube-proxy"),
    Leaf("kubelet", f"/O=system:nodes/CN=system:node:{network.NODE}", hosts=_NODE_HOSTS),
    Leaf("coredns", "/CN=system:coredns"),
    Leaf("metrics-server", "/CN=system:metrics-server", hosts=_NODE_HOSTS),
    Leaf("traefik", "/CN=system:traefik"),
    Leaf("storage", "/CN=system:storage"),
]


def make(folder: Path) -> None:
    """Create all of them in `folder`: NAME.crt and NAME.key, and the service accounts' sa.*."""
    folder.mkdir(parents=True)
    for authority in ("ca", "front-proxy"):
        _openssl(folder, "req", "-x509", *_EC, *_named(authority, f"/CN={authority}"), *_SIGNS)
    for leaf in LEAVES:
        _openssl(folder, "req", "-x509", *_EC, *_named(leaf.file, leaf.subject), *_signed(leaf))
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "sa.key")
    _openssl(folder, "ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")


def _named(file: str, subject: str) -> list[str]:
    out = ["-keyout", f"{file}.key", "-out", f"{file}.crt"]
    return ["-days", str(DAYS), "-subj", subject, *out]


def _signed(leaf: Leaf) -> list[str]:
    extensions = [
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth,clientAuth",
        *([f"subjectAltName={leaf.hosts}"] if leaf.hosts else []),
    ]
    signer = ["-CA", f"{leaf.authority}.crt", "-CAkey", f"{leaf.authority}.key"]
    return [*signer, *(part for text in extensions for part in ("-addext", text))]


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
