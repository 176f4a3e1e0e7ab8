"""Prometheus's own checks of its settings and rules, and how it names services."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from harness.processes.programs import find_program
from tools.services.roster import SERVICES

FOLDER = Path("k8s/base/prometheus").absolute()


@pytest.mark.parametrize(
    "check",
    [
        ["check", "config", "--lint-fatal", "prometheus.yml"],
        ["check", "rules", "--lint-fatal", "rules.yaml"],
        ["test", "rules", "rules_test.yaml"],
    ],
    ids=" ".join,
)
def test_promtool_finds_no_fault(check: list[str]) -> None:
    done = subprocess.run(
        [find_program("promtool"), *check], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_is_known_by_its_services_name_as_on_one_machine(service: str) -> None:
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    [pods] = [c for c in settings["scrape_configs"] if "kubernetes_sd_configs" in c]
    pod_label = service.replace("_", "-")
    names = {
        re.sub(r"\$\{?(\d)\}?", lambda group: found[int(group[1])], rule["replacement"])
        for rule in pods["relabel_configs"]
        if rule.get("target_label") == "job" and (found := re.fullmatch(rule["regex"], pod_label))
    }
    assert names == {service}
