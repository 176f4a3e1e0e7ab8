"""The processes of the node: which, and with which flags."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from cluster.common import network
from cluster.common.places import CONFIG, LIB, PKI


class Component(msgspec.Struct, frozen=True):
    """A process that the node keeps running; its log is named after it."""

    name: str
    command: list[str]
    needs_api: bool = True
    """Whether it is started only when the API server is ready."""
    listening: list[int] = []
    """Inherited sockets that it takes connections from."""


def components(node: Path, traefik: Path, forwards: Mapping[int, int]) -> list[Component]:
    """Return all of them, in the order of their start.

    `node` is the program with Kubernetes in it; `forwards` maps inherited listening sockets of the
    machine to ports of the cluster.
    """

    def part(name: str, flags: Mapping[str, object], needs_api: bool = True) -> Component:
        return Component(name, [str(node), name, *_flags(flags)], needs_api)

    return [
        part("etcd", _ETCD, needs_api=False),
        part("kube-apiserver", _API_SERVER, needs_api=False),
        Component("containerd", ["containerd", f"--config={CONFIG}/containerd.toml"], False),
        Component("registry", ["docker-registry", "serve", f"{CONFIG}/registry.yaml"], False),
        Component("forward", _python("forward", _pairs(forwards)), False, list(forwards)),
        part("kube-controller-manager", _CONTROLLER_MANAGER),
        part("kube-scheduler", _authenticated("kube-scheduler") | {"leader-elect": "false"}),
        part("kubelet", _KUBELET),
        part("kube-proxy", {"config": CONFIG / "kube-proxy.yaml"}),
        Component("coredns", [str(node), "coredns", "-conf", f"{CONFIG}/Corefile"]),
        part("metrics-server", _METRICS_SERVER),
        Component("storage", _python("storage", [])),
        Component("traefik", [*_as("traefik"), str(traefik), *_flags(_TRAEFIK)]),
    ]


def _flags(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]


def _python(module: str, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", f"cluster.node.{module}", *arguments]


def _pairs(forwards: Mapping[int, int]) -> list[str]:
    return [f"{socket}={port}" for socket, port in forwards.items()]


def _as(user: str) -> list[str]:
    return [shutil.which("env") or "env", f"KUBECONFIG={CONFIG}/{user}.kubeconfig"]


def _authenticated(user: str) -> dict[str, object]:
    """Return the flags of a component that lets the API server authenticate its callers."""
    file = f"{CONFIG}/{user}.kubeconfig"
    names = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    return {**dict.fromkeys(names, file), "bind-address": "127.0.0.1"}


_ETCD: Final = {
    "data-dir": LIB / "etcd",
    "listen-client-urls": "http://127.0.0.1:2379",
    "advertise-client-urls": "http://127.0.0.1:2379",
    "listen-peer-urls": "http://127.0.0.1:2380",
    "initial-advertise-peer-urls": "http://127.0.0.1:2380",
    "initial-cluster": "default=http://127.0.0.1:2380",
    "unsafe-no-fsync": "true",  # its data end with the cluster
    "log-level": "warn",
}

_API_SERVER: Final = {
    "etcd-servers": "http://127.0.0.1:2379",
    "service-cluster-ip-range": network.SERVICE_RANGE,
    "advertise-address": network.NODE_IP,
    "secure-port": network.API_PORT,
    "client-ca-file": PKI / "ca.crt",
    "tls-cert-file": PKI / "apiserver.crt",
    "tls-private-key-file": PKI / "apiserver.key",
    "service-account-key-file": PKI / "sa.pub",
    "service-account-signing-key-file": PKI / "sa.key",
    "service-account-issuer": "https://kubernetes.default.svc",
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": "true",
    "kubelet-client-certificate": PKI / "apiserver-kubelet-client.crt",
    "kubelet-client-key": PKI / "apiserver-kubelet-client.key",
    "kubelet-certificate-authority": PKI / "ca.crt",
    "kubelet-preferred-address-types": "InternalIP",
    "requestheader-client-ca-file": PKI / "front-proxy.crt",
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "proxy-client-cert-file": PKI / "front-proxy-client.crt",
    "proxy-client-key-file": PKI / "front-proxy-client.key",
    "enable-aggregator-routing": "true",
}

_CONTROLLER_MANAGER: Final = _authenticated("kube-controller-manager") | {
    "leader-elect": "false",
    "use-service-account-credentials": "true",
    "service-account-private-key-file": PKI / "sa.key",
    "root-ca-file": PKI / "ca.crt",
    "requestheader-client-ca-file": PKI / "front-proxy.crt",
    "horizontal-pod-autoscaler-sync-period": "5s",
    "flex-volume-plugin-dir": LIB / "kubelet" / "volumeplugins",
}

_KUBELET: Final = {
    "config": CONFIG / "kubelet.yaml",
    "kubeconfig": CONFIG / "kubelet.kubeconfig",
    "hostname-override": network.NODE,
    "node-ip": network.NODE_IP,
}

_METRICS_SERVER: Final = _authenticated("metrics-server") | {
    "bind-address": network.NODE_IP,
    "secure-port": network.METRICS_PORT,
    "tls-cert-file": PKI / "metrics-server.crt",
    "tls-private-key-file": PKI / "metrics-server.key",
    "kubelet-certificate-authority": PKI / "ca.crt",
    "kubelet-preferred-address-types": "InternalIP",
    "metric-resolution": "10s",
    "kubelet-request-timeout": "5s",
}

_TRAEFIK: Final = {
    "entrypoints.web.address": f"127.0.0.1:{network.ENTRY_PORT}",
    "entrypoints.traefik.address": f"127.0.0.1:{network.TRAEFIK_PORT}",
    "api.insecure": "true",
    "ping": "true",
    "metrics.prometheus": "true",
    "providers.kubernetesingressnginx": "true",
    "providers.kubernetesgateway": "true",
    # By default changes wait 2 s, in which requests to pods that have ended fail.
    "providers.providersthrottleduration": "500ms",
    "global.checknewversion": "false",
    "global.sendanonymoususage": "false",
    "log.level": "INFO",
}
