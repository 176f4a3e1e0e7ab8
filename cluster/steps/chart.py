"""The Helm chart on a real Kubernetes: installed, upgraded and rolled back while people vote."""

import asyncio
from typing import Final

from cluster.common.places import CONFIG
from cluster.tested.context import StepContext, StepError
from cluster.tested.names import NAMESPACE
from cluster.tested.voters import all_were_accepted, people_vote
from k8s.helm.chart import CHART
from k8s.helm.helming import EXAMPLES, HelmError, helm

_RELEASE: Final = "voting"
_WAIT: Final = ("--wait", "--timeout=4m")
_VALUES: Final = f"--values={EXAMPLES / 'local.yaml'}"
_UPGRADED: Final = {
    "settings.svc-http-route.LOG_LEVEL": "warning",
    "settings.svc-grpc-server.LOG_LEVEL": "warning",
    "settings.svc-consumer.LOG_LEVEL": "warning",
}
_WORKLOADS: Final = "deploy,sts,hpa,ingress,service,configmap,networkpolicy"


async def install(context: StepContext) -> str:
    """Install the chart under the restricted profile, and wait until all its pods are ready."""
    await context.kubectl("create", "namespace", NAMESPACE)
    profile = "pod-security.kubernetes.io/enforce=restricted"
    await context.kubectl("label", "namespace", NAMESPACE, profile)
    await _helm("install", _RELEASE, str(CHART), _VALUES, *_WAIT)
    return f"{len(await context.get('pods'))} pods, revision {await _revision()}"


async def upgrade(context: StepContext) -> str:
    """Upgrade to other settings: pods that read them restart, and no vote may fail."""
    values = [f"--set={key}={value}" for key, value in _UPGRADED.items()]
    async with people_vote(context, "chart upgraded") as sent_votes:
        await _helm("upgrade", _RELEASE, str(CHART), _VALUES, *values, *_WAIT)
    await _has_level(context, "warning")
    return f"revision {await _revision()}, {all_were_accepted(sent_votes)}"


async def rollback(context: StepContext) -> str:
    """Roll back to the first revision: its settings are back, and no vote may fail."""
    async with people_vote(context, "chart rolled back") as sent_votes:
        await _helm("rollback", _RELEASE, "1", *_WAIT)
    await _has_level(context, "info")
    return f"revision {await _revision()}, {all_were_accepted(sent_votes)}"


async def uninstall(context: StepContext) -> str:
    """Uninstall: nothing is left but the volumes."""
    await _helm("uninstall", _RELEASE, *_WAIT)
    labelled = "--selector=app.kubernetes.io/part-of=voting"
    if left := await context.kubectl("get", _WORKLOADS, labelled, "--output=name"):
        raise StepError(f"left behind: {' '.join(left.split())}")
    return f"{len(await context.get('pvc'))} volumes kept"


async def _has_level(context: StepContext, wanted: str) -> None:
    for title in ("svc-http-route", "svc-grpc-server", "svc-consumer"):
        config = await context.get("configmap", title)
        if (found := config["data"]["LOG_LEVEL"]) != wanted:
            raise StepError(f"{title} has LOG_LEVEL={found}, not {wanted}")


async def _revision() -> str:
    history = await _helm("history", _RELEASE, "--max=1")
    return history.splitlines()[-1].split()[0]


async def _helm(*arguments: str) -> str:
    where = [f"--kubeconfig={CONFIG / 'admin.kubeconfig'}", f"--namespace={NAMESPACE}"]
    try:
        return await asyncio.to_thread(helm, *arguments, *where)
    except HelmError as error:
        raise StepError(f"helm {arguments[0]}: {error}") from error
