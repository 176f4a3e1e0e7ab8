"""The node's first process: sets up its new namespaces, then supervises the components.

usage: node FILE   FILE: a Description
"""

import subprocess
import sys
from pathlib import Path

import msgspec

from cluster.common import network
from cluster.common.places import ADDONS, CONFIG, DEFINITIONS, SOURCES
from cluster.node import cgroups
from cluster.node.components import Component
from cluster.node.supervisor import Supervisor


class Description(msgspec.Struct, frozen=True):
    """What a node is started with."""

    state: str
    layer: str
    """Debian packages to lay over /usr; empty where the machine has them itself."""
    groups: list[str]
    ports: dict[str, int]
    """Ports on this machine: registry, api, entry."""
    program: str
    """The program with Kubernetes in it."""
    components: list[Component]


def read(file: Path) -> Description:
    """Read a description."""
    return msgspec.json.decode(file.read_bytes(), type=Description)


def main(file: Path) -> None:
    """Become the node that `file` describes; does not return."""
    description = read(file)
    cgroups.join([Path(group) for group in description.groups])
    setup = [str(SOURCES / "node.sh"), description.state, description.layer]
    subprocess.run(["sh", *setup, network.NODE, network.NODE_IP], check=True)
    if cgroups.is_version_2():
        cgroups.split_version_2()
    Supervisor().run(description.components, lambda: _prepare(description.program))


def _prepare(program: str) -> None:
    """Apply the resource definitions and the addons."""

    def kubectl(*arguments: str) -> None:
        admin = f"--kubeconfig={CONFIG}/admin.kubeconfig"
        subprocess.run([program, "kubectl", admin, *arguments], check=True)

    kubectl("apply", "--server-side", f"--filename={DEFINITIONS}")
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    kubectl("apply", "--server-side", f"--filename={ADDONS}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
