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


def kubectl(kubeconfig: Path, *arguments: str, stdin: str = "") -> str:
    """Run kubectl with `stdin` on its standard input, and return its output.

    Raises ClusterError with its error output when it fails.
    """
    done = subprocess.run(
        [str(programs.ensure()), "kubectl", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def become(state: State, arguments: list[str]) -> int:
    """Replace this process by kubectl, in the user's working directory."""
    if not running.is_up(state):
        raise ClusterError("no cluster is running: start one with ./bazelw run //cluster:up")
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    # Not as a child: the terminal and its signals are kubectl's.
    environment = {**os.environ, "KUBECONFIG": str(state.kubeconfig)}
    os.execve(programs.ensure(), ["kubectl", *arguments], environment)  # noqa: S606


def main() -> int:
    """Pass the whole command line on."""
    return run_command(lambda: become(State(), sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
