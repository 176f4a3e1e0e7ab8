"""Prometheus's own checks of its settings and rules."""

import subprocess
from pathlib import Path

import pytest

from local.programs import find_program

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
