"""Writes the files that the node's components read: templates of config/ and addons/, filled in."""

from pathlib import Path
from string import Template
from typing import Final

from cluster.common import network
from cluster.common.places import CONFIG, PKI, SOURCES, State
from cluster.node import kubeconfig, pki

_VALUES: Final = {name: str(value) for name, value in vars(network).items() if name.isupper()} | {
    "CONFIG": str(CONFIG),
    "PKI": str(PKI),
}

_PLACES: Final = {
    "cni.conflist": "cni/10-pods.conflist",
    "hosts.toml": "registries/_default/hosts.toml",
}
"""Paths of files that must be in a folder; all others keep their names."""

_USERS: Final = [
    "admin",
    "coredns",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubelet",
    "metrics-server",
    "traefik",
]


def write(state: State, api_port: int) -> None:
    """Create keys and certificates, and write every configuration file and kubeconfig.

    `api_port` is the API server's port on this machine.
    """
    pki.make(state.pki)
    for folder, target in (("config", state.config), ("addons", state.addons)):
        for template in (SOURCES / folder).iterdir():
            _fill(template, target / _PLACES.get(template.name, template.name))
    for user in _USERS:
        file = state.config / f"{user}.kubeconfig"
        kubeconfig.write(file, state.pki, user, network.API_PORT)
    kubeconfig.write(state.kubeconfig, state.pki, "admin", api_port)


def _fill(template: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(Template(template.read_text()).substitute(_VALUES))
