"""The pods' limits are read from the manifests."""

from pathlib import Path

from chaos.hostile_trial.limits import memory_limits
from tools.services.roster import SERVICES

MANIFEST = """
kind: Service
metadata: {name: svc-results}
---
kind: Deployment
metadata: {name: svc-results}
spec:
  template:
    spec:
      containers:
        - resources: {limits: {memory: 256Mi}}
        - resources: {limits: {memory: 1Gi}}
"""


def test_a_pods_limit_is_the_sum_of_its_containers(tmp_path: Path) -> None:
    (tmp_path / "svc-results.yaml").write_text(MANIFEST)
    (tmp_path / "grafana.yaml").write_text(MANIFEST)
    assert memory_limits(tmp_path) == {"svc_results": 256 + 1024}


def test_every_service_has_a_limit() -> None:
    assert {"redis", *SERVICES} == memory_limits().keys()
