"""Starts a real Kubernetes of one node on this machine: `./bazelw run //cluster:up`."""

import sys
from argparse import ArgumentParser, Namespace

from cluster.common.places import State
from cluster.ports import DEFAULTS
from cluster.start import start
from harness.processes.console import run_command, say, step

_EPILOG = """\
The cluster runs on its own after this command, until //cluster:down. All of it lives in its own
namespaces; nothing is changed on the machine, and nothing stays behind. The first start builds
Kubernetes from its Go modules, which takes minutes; later ones take seconds.
$CLUSTER_STATE names another folder for its state, and so a second cluster.
"""


def up(options: Namespace) -> int:
    """Start the cluster and say what listens where."""
    state = State()
    ports = start(state, {name: getattr(options, f"port_{name}") for name in DEFAULTS}).ports
    step("the cluster is up")
    say(f"\nentry     http://127.0.0.1:{ports['entry']}/   (Ingress class nginx)")
    say(f"registry  127.0.0.1:{ports['registry']}   (for the cluster's pods 127.0.0.1:5000)")
    say(
        f"kubectl   ./bazelw run //cluster:kubectl -- get pods -A, or KUBECONFIG={state.kubeconfig}"
    )
    say(f"logs      {state.log}/*.log")
    say("end it    ./bazelw run //cluster:down")
    return 0


def main() -> int:
    """Read the command line and do it."""
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
