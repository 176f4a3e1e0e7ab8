"""Show what runs in the cluster: `./bazelw run //cluster:status`. Status 1: none is running."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from cluster import running
from cluster.common.places import State
from cluster.kubectl import kubectl
from cluster.node import main as node
from cluster.node.cgroups import ROOT
from cluster.node.supervisor import restarts
from harness.processes.console import run_command, say


def status(state: State) -> int:
    """Print the ports, the node, its components' restarts, its memory and all pods."""
    if running.node_process(state) is None:
        say("no cluster is running" if not running.is_up(state) else "a cluster is being started")
        return 1
    description = node.read(state.description)
    for name, port in description.ports.items():
        say(f"{name:9} 127.0.0.1:{port}")
    say(f"memory    {memory(description.groups) / 2**20:.0f} MiB, including its file cache")
    for name, count in restarts((state.log / "node.log").read_text()).items():
        say(f"restarted {name}, {count} times: see {state.log / name}.log")
    say("\n" + kubectl(state.kubeconfig, "get", "nodes", "--output=wide"))
    say(kubectl(state.kubeconfig, "get", "pods", "--all-namespaces", "--output=wide") or "no pods")
    return 0


def memory(groups: list[str]) -> int:
    """Return how many bytes the cluster's control groups are charged for."""
    for group in map(Path, groups):
        for file in ("memory.current", "memory.usage_in_bytes"):
            if (group / file).exists() and group != ROOT:
                return int((group / file).read_text())
    return 0


def main() -> int:
    """Run the command."""
    ArgumentParser(prog="status", description=__doc__).parse_args()
    return run_command(lambda: status(State()))


if __name__ == "__main__":
    sys.exit(main())
