"""Deploy the whole system on a real Kubernetes and test it: `./bazelw run //cluster:e2e`."""

import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster import running
from cluster.before import build, check_out
from cluster.common.errors import ClusterError
from cluster.common.places import State, cache
from cluster.ports import DEFAULTS
from cluster.start import start
from cluster.steps.step import heading, row
from cluster.steps.upgrade import BEFORE
from cluster.tested import images
from harness.processes.console import run_command, say
from k8s.rendering import RenderError, render


def e2e(options: Namespace) -> int:
    """Run the test in a cluster of its own, and return its exit status."""
    state = State(cache() / "e2e")
    output = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.output).resolve()
    output.mkdir(parents=True, exist_ok=True)
    files = _render(output)
    before = build(check_out(options.before)) if options.steps == "upgrade" else None
    ports = start(state, dict.fromkeys(DEFAULTS, 0)).ports
    try:
        registry = f"127.0.0.1:{ports['registry']}"
        heading()
        if before is not None:
            (output / BEFORE).write_text(before.overlay)
            _push("images before", registry, before.layouts, [output / BEFORE])
        _push("images pushed", registry, dict(options.image), files)
        status = _run(state, options.steps, [*files, output])
        if status:
            shutil.copytree(state.log, output / "logs", symlinks=True, dirs_exist_ok=True)
            say(f"\nlogs of all components and pods: {output / 'logs'}")
    finally:
        if not options.keep:
            running.end(state)
    if options.keep:
        say(f"\ncluster kept: CLUSTER_STATE={state.folder} ./bazelw run //cluster:kubectl")
    return status


def _render(output: Path) -> list[Path]:
    """Render the manifests to apply: with Ingress objects, and with an HTTPRoute instead."""
    overlay, gateway = output / "overlay.yaml", output / "gateway.yaml"
    try:
        overlay.write_text(render("local"))
        gateway.write_text(render("local", "gateway-api"))
    except RenderError as error:
        raise ClusterError(f"kustomize: {error}") from error
    return [overlay, gateway]


def _push(
    title: str, registry: str, layouts: Mapping[str, Path], manifests: Sequence[Path]
) -> None:
    """Push images, and let these manifests name them by their digests."""
    with row(title) as filled:
        digests = images.push(layouts, registry, manifests[0].read_text())
        for file in manifests:
            file.write_text(images.by_digest(file.read_text(), digests))
        filled.found = f"{len(digests)} images"


def _run(state: State, steps: str, files: Sequence[Path]) -> int:
    """Run the steps inside the cluster's network, and return their status."""
    began = time.monotonic()
    inside = [sys.executable, "-m", "cluster.steps.inside", steps, *map(str, files)]
    status = subprocess.call([*running.inside(state), *inside], env=_environment())
    say(f"{'total':20} {'FAILED' if status else 'ok':6} {time.monotonic() - began:7.1f} s")
    return status


def _titled(text: str) -> tuple[str, Path]:
    title, _, folder = text.partition("=")
    return title, Path(folder).resolve()


def _environment() -> dict[str, str]:
    direct = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**direct, "PYTHONPATH": ":".join(filter(None, sys.path))}


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(prog="e2e", description=__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reports", f"e2e-{time.strftime('%Y-%m-%d-%H%M%S')}"),
        help="folder for the comparison's report and, on failure, all logs (%(default)s)",
    )
    parser.add_argument(
        "--image",
        type=_titled,
        action="append",
        default=[],
        metavar="TITLE=FOLDER",
        help="image to push, as an OCI layout; passed by Bazel",
    )
    parser.add_argument(
        "--steps",
        choices=("e2e", "chart", "upgrade"),
        default="e2e",
        help="chart: install the Helm chart, upgrade and roll back, instead; upgrade: from the "
        "version before, back, and again (%(default)s)",
    )
    parser.add_argument(
        "--before",
        metavar="COMMIT",
        help="the version before, for --steps upgrade (the last release before this commit)",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the cluster running afterwards, to inspect it"
    )
    options = parser.parse_args()
    if options.before and options.steps != "upgrade":
        parser.error("--before is for --steps upgrade")
    return run_command(lambda: e2e(options))


if __name__ == "__main__":
    sys.exit(main())
