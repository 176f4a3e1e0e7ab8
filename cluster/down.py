"""Stop the cluster and remove all of it: `./bazelw run //cluster:down`."""

import sys
from argparse import ArgumentParser

from cluster import running
from cluster.common.errors import ClusterError
from cluster.common.places import State
from harness.processes.console import run_command, say


def down(state: State) -> int:
    """Stop the cluster, if there is one."""
    was_up = running.is_up(state)
    if was_up and running.node_process(state) is None:
        raise ClusterError("a cluster is being started: press Ctrl-C there to stop it")
    running.end(state)
    say("the cluster is stopped" if was_up else "no cluster was running")
    return 0


def main() -> int:
    """Run the command."""
    ArgumentParser(prog="down", description=__doc__).parse_args()
    return run_command(lambda: down(State()))


if __name__ == "__main__":
    sys.exit(main())
