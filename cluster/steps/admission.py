"""What the cluster must refuse, and what it must not."""

import re
from typing import Final

from cluster.common.errors import ClusterError
from cluster.tested.context import StepContext, StepError
from cluster.tested.names import NAMESPACE

_ENFORCED: Final = "pod-security.kubernetes.io/enforce"


async def restricted(context: StepContext) -> str:
    """Check that the namespace enforces the restricted profile, and that our pods keep to it."""
    labels = (await context.get("namespace", NAMESPACE))["metadata"].get("labels", {})
    if labels.get(_ENFORCED) != "restricted":
        raise StepError(f"the namespace enforces {labels.get(_ENFORCED)}")
    broken = [
        event["message"]
        for event in await context.get("events")
        if "violates PodSecurity" in event["message"]
    ]
    if broken:
        raise StepError(broken[0])
    run = ("run", "root", "--image=127.0.0.1:5000/none:1", "--privileged", "--dry-run=server")
    await _must_refuse(context, run, "violates PodSecurity")
    return "enforced: our pods are admitted, a privileged one is refused"


async def strict(context: StepContext) -> str:
    """Misspell a field of our own manifests: strict validation must name it."""
    wrong, times = re.subn(
        r"^(\s+)replicas:", r"\1replica:", context.overlay.read_text(), flags=re.M
    )
    if not times:
        raise StepError("no manifest has replicas")
    apply = ("apply", "--validate=strict", "--dry-run=server", "--filename=-")
    await _must_refuse(context, apply, 'unknown field "spec.replica"', wrong)
    return 'unknown field "spec.replica" refused'


async def _must_refuse(
    context: StepContext, command: tuple[str, ...], reason: str, stdin: str = ""
) -> None:
    try:
        await context.kubectl(*command, stdin=stdin)
    except ClusterError as error:
        if reason not in str(error):
            raise
    else:
        raise StepError(f"not refused: {' '.join(command)}")
