"""kubectl for the cluster: `./bazelw run //cluster:kubectl -- get pods -A`."""

import os
import subprocess
import sys
from pathlib import Path

from cluster import running
from cluster.common.errors import ClusterError
from cluster.common.places import State
from cluster.provision import programs
from harness.processes.console import run_command


def kubectl(kubeconfig: Path, *arguments: str, given: str = "") -> str:
    """Run kubectl with `given` on its standard input, and return what it prints.

    Raises ClusterError with its words when it fails.
    """
    done = subprocess.run(
        [str(programs.ensure()), "kubectl", *arguments],
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def become(state: State, arguments: list[str]) -> int:
    """Become kubectl, where the person called Bazel."""
    if not running.is_up(state):
        raise ClusterError("no cluster is running: start one with ./bazelw run //cluster:up")
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    # Not a child: the terminal and its signals are kubectl's.
    environment = {**os.environ, "KUBECONFIG": str(state.kubeconfig)}
    os.execve(programs.ensure(), ["kubectl", *arguments], environment)  # noqa: S606


def main() -> int:
    """Hand the whole command line on."""
    return run_command(lambda: become(State(), sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
