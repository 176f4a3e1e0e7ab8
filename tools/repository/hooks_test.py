"""Hooks and workflow run what .ci/run runs, and nothing of their own."""

import re
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

STEPS: Final = re.findall(r"^ *step (.+)$", Path(".ci/run").read_text(), re.MULTILINE)
HOOKS: Final[dict[str, Any]] = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())
WORKFLOW: Final = Path(".github/workflows/ci.yml").read_text()
JOBS: Final[dict[str, Any]] = yaml.safe_load(WORKFLOW)["jobs"]
WORKSPACE: Final = Path("WORKSPACE").read_text()


def test_every_hook_is_a_step_of_ci_or_all_of_them() -> None:
    entries = [hook["entry"] for repo in HOOKS["repos"] for hook in repo["hooks"]]
    assert len(STEPS) >= 4
    assert set(entries) <= {*STEPS, ".ci/run"}
    assert ".ci/run" in entries


def test_hooks_need_neither_registry_nor_network() -> None:
    assert [repo["repo"] for repo in HOOKS["repos"]] == ["local"]
    assert {hook["language"] for repo in HOOKS["repos"] for hook in repo["hooks"]} == {"system"}


def test_the_workflow_runs_what_ci_runs_and_nothing_else() -> None:
    [job] = JOBS.values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ['sudo HOME="$HOME" .ci/run']


def test_the_workflow_uses_few_actions_each_at_a_major_version() -> None:
    [job] = JOBS.values()
    used = [step["uses"].partition("@") for step in job["steps"] if "uses" in step]
    assert {name for name, _, _ in used} == {"actions/checkout", "actions/cache"}
    assert all(re.fullmatch(r"v\d+", version) for _, _, version in used)


def test_the_key_of_the_cache_has_every_lock_file() -> None:
    locks = re.findall(r'\b(?:requirements_lock|lock|go_sum|packages) = "//(.*):(.+)"', WORKSPACE)
    files = [PurePosixPath(*filter(None, label)) for label in locks]
    assert len(files) >= 5
    [keyed, *others] = re.findall(r"hashFiles\((.+?)\)", WORKFLOW)
    assert set(others) == {keyed}
    patterns = re.findall(r"'(.+?)'", keyed)
    assert [file for file in files if not any(map(file.full_match, patterns))] == []
