"""Prometheus's settings and rules pass its own checks, and name services as on one machine."""

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
    run_promtool(*check)


def run_promtool(*arguments: str) -> None:
    done = subprocess.run(
        [find_program("promtool"), *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_service_without_an_instance_raises_an_alert_and_a_present_one_none(
    tmp_path: Path,
) -> None:
    cases = tmp_path / "missing.yaml"
    cases.write_text(
        yaml.safe_dump(
            {
                "rule_files": [str(FOLDER / "rules.yaml")],
                "tests": [when_missing([]), *(when_missing([name]) for name in SERVICES)],
            }
        )
    )
    run_promtool("test", "rules", str(cases))


def when_missing(missing: list[str]) -> dict[str, object]:
    """Return promtool's test of the alerts while these services have no instance."""
    alerts = [
        {
            "exp_labels": {"severity": "critical", "job": name},
            "exp_annotations": {"summary": f"No instance of {name} exists."},
        }
        for name in missing
    ]
    present = [name for name in SERVICES if name not in missing]
    return {
        "name": f"missing: {missing}",
        "interval": "15s",
        "input_series": [
            {"series": f'up{{job="{name}", instance="a"}}', "values": "1x40"} for name in present
        ],
        "alert_rule_test": [
            {"eval_time": "2m", "alertname": "ServiceMissing", "exp_alerts": alerts}
        ],
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_pods_job_is_its_services_name_as_on_one_machine(service: str) -> None:
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    [pods] = [c for c in settings["scrape_configs"] if "kubernetes_sd_configs" in c]
    pod_label = service.replace("_", "-")
    names = {
        re.sub(r"\$\{?(\d)\}?", lambda group: found[int(group[1])], rule["replacement"])
        for rule in pods["relabel_configs"]
        if rule.get("target_label") == "job" and (found := re.fullmatch(rule["regex"], pod_label))
    }
    assert names == {service}
