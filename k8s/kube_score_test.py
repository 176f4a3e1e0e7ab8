"""The manifests meet kube-score's rules; each exception is listed here with its reason."""

import json
import os
import subprocess
from functools import cache
from typing import Final, NamedTuple

import pytest

from k8s.rendering import COMPONENTS, FOLDER, render

_KUBE_SCORE: Final = os.environ.get(
    "KUBE_SCORE", str(FOLDER.parent.parent / "kube_score/kube_score")
)
_OPTIONAL_RULES: Final = ("container-ports-check", "container-seccomp-profile")
_GOOD: Final = 10
"""The grade of what meets a rule."""

RENDERINGS: Final = {
    **{overlay: (overlay,) for overlay in ("gateway", "local", "managed", "production")},
    **{component: ("production", component) for component in COMPONENTS},
}


class Exemption(NamedTuple):
    """What kube-score finds and we keep."""

    finding: str
    objects: frozenset[str] | None
    """Which objects it is about; None: any."""
    reason: str


def exemption(finding: str, *objects: str, reason: str) -> Exemption:
    return Exemption(finding, frozenset(objects) or None, reason)


EXEMPTIONS: Final = (
    exemption(
        "CPU limit is not set",
        reason="It throttles even on an idle node: docs/decisions/kubernetes.md.",
    ),
    exemption(
        "ImagePullPolicy is not set to Always",
        reason="A pod must be able to restart while the registry is away. Digests pin what runs.",
    ),
    *(
        exemption(
            f"The container {finding}",
            "Deployment/grafana",
            "Job/mongodb-replica-set",
            "StatefulSet/kafka",
            "StatefulSet/mongodb",
            "StatefulSet/redis",
            reason="The user to whom the files of the official image belong.",
        )
        for finding in ("is running with a low user ID", "running with a low group ID")
    ),
    exemption(
        "Container has the same readiness and liveness probe",
        "Deployment/svc-notary",
        "Deployment/svc-polls",
        "Deployment/svc-results",
        reason="They stay in their Service while a server is away, to say so. The probes differ in "
        "patience: 6 s without an answer until no request comes, 15 s until a restart.",
    ),
    exemption(
        "Container has the same readiness and liveness probe",
        "StatefulSet/mongodb",
        reason="mongosh, which could ask for more, would take the database's memory.",
    ),
    *(
        exemption(
            f"{kind} does not have a host podAntiAffinity set",
            reason="topologySpreadConstraints spread them, also more pods than there are nodes.",
        )
        for kind in ("Deployment", "StatefulSet")
    ),
    exemption(
        "Deployment few replicas",
        "Deployment/grafana",
        reason="People look at it; no vote depends on it.",
    ),
    exemption(
        "Deployment few replicas",
        "Deployment/svc-notary",
        reason="Two would sign two checkpoints at a time.",
    ),
    exemption(
        "Deployment update strategy",
        "Deployment/svc-notary",
        reason="The new pod needs the volume that the old one has.",
    ),
    exemption(
        "StatefulSet does not have a valid serviceName",
        "StatefulSet/prometheus",
        reason="A StatefulSet for its volume; nobody asks for its one pod by name.",
    ),
    exemption(
        "Deployment few replicas",
        "Deployment/svc-consumer",
        reason="With the component keda, KEDA makes the autoscaler.",
    ),
    exemption(
        "The NetworkPolicys selector doesn't match any pods",
        "NetworkPolicy/strimzi",
        reason="Strimzi makes the pods.",
    ),
)


@cache
def findings(rendering: str) -> frozenset[tuple[str, str]]:
    """Return what kube-score finds in a rendering."""
    return score(render(*RENDERINGS[rendering]))


def score(manifests: str) -> frozenset[tuple[str, str]]:
    """Return what kube-score finds: each finding and the object that it is about."""
    rules = [f"--enable-optional-test={rule}" for rule in _OPTIONAL_RULES]
    done = subprocess.run(
        [_KUBE_SCORE, "score", "--output-format=json", "--kubernetes-version=v1.34", *rules, "-"],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
    )
    return frozenset(
        (comment["summary"], f"{scored['type_meta']['kind']}/{scored['object_meta']['name']}")
        for scored in json.loads(done.stdout)
        for check in scored["checks"]
        if check["grade"] < _GOOD and not check["skipped"]
        for comment in check["comments"]
    )


def covers(exempt: Exemption, finding: str, subject: str) -> bool:
    return exempt.finding == finding and (exempt.objects is None or subject in exempt.objects)


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_kube_score_finds_nothing_but_the_exceptions(rendering: str) -> None:
    unexpected = {
        found
        for found in findings(rendering)
        if not any(covers(exempt, *found) for exempt in EXEMPTIONS)
    }
    assert unexpected == set()


@pytest.mark.parametrize("exempt", EXEMPTIONS)
def test_each_exception_is_needed(exempt: Exemption) -> None:
    found = {found for rendering in RENDERINGS for found in findings(rendering)}
    about = {subject for finding, subject in found if finding == exempt.finding}
    assert about
    assert exempt.objects is None or exempt.objects <= about


def test_a_service_without_a_user_of_its_own_is_found() -> None:
    without = render("production").replace("runAsUser: 65532", "runAsUser: 1000")
    assert ("The container is running with a low user ID", "Deployment/svc-polls") in score(without)
