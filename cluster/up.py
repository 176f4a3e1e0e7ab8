"""Start a real single-node Kubernetes on this machine: `./bazelw run //cluster:up`."""

import sys
from argparse import ArgumentParser, Namespace

from cluster.common.places import State
from cluster.ports import DEFAULTS
from cluster.start import start
from harness.processes.console import run_command, say, step

_EPILOG = """\
The cluster keeps running after this command, until //cluster:down stops it. It runs in its own
namespaces, changes nothing on the machine and leaves nothing behind. The first start builds
Kubernetes from its Go modules, which takes minutes; later starts take seconds. To run a second
cluster, set $CLUSTER_STATE to another folder.
"""


def up(options: Namespace) -> int:
    """Start the cluster and print what listens where."""
    state = State()
    ports = start(state, {name: getattr(options, f"port_{name}") for name in DEFAULTS}).ports
    step("the cluster is running")
    say(f"\nentry     http://127.0.0.1:{ports['entry']}/   (Ingress class nginx)")
    say(f"registry  127.0.0.1:{ports['registry']}   (for the cluster's pods 127.0.0.1:5000)")
    say(
        f"kubectl   ./bazelw run //cluster:kubectl -- get pods -A, or KUBECONFIG={state.kubeconfig}"
    )
    say(f"logs      {state.log}/*.log")
    say("stop      ./bazelw run //cluster:down")
    return 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(prog="up", description=__doc__, epilog=_EPILOG)
    for name, port in DEFAULTS.items():
        parser.add_argument(
            f"--port-{name}",
            type=int,
            default=port,
            metavar="PORT",
            help=f"port of the {name} on 127.0.0.1 (%(default)s; 0: a free one)",
        )
    options = parser.parse_args()
    return run_command(lambda: up(options))


if __name__ == "__main__":
    sys.exit(main())
