"""When the machine's own Bazel is used."""

from pathlib import Path

import pytest

from tools.toolbox import prebuilt

JAVA = 'openjdk version "{}.0.2" 2026-01-20'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine that has everything, and nothing else on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in prebuilt.PROGRAMS:
        install(tmp_path, program, "")
    install(tmp_path, "bazel", "bazel 7.7.1")
    install(tmp_path, "java", JAVA.format(25))
    return tmp_path


def install(machine: Path, program: str, version: str) -> None:
    """Put a program on PATH that only prints its version."""
    script = machine / program
    script.write_text(f"#!/bin/sh\necho '{version}'\n")
    script.chmod(0o755)


@pytest.mark.usefixtures("machine")
def test_a_machine_with_everything_needs_no_toolbox() -> None:
    assert prebuilt.missing() == []


def test_another_version_of_bazel_is_not_used(machine: Path) -> None:
    install(machine, "bazel", "bazel 8.0.0")
    assert prebuilt.missing() == ["Bazel 7.7.1"]


def test_a_missing_program_is_named(machine: Path) -> None:
    (machine / "redis-server").unlink()
    assert prebuilt.missing() == ["redis-server"]


def test_an_old_java_is_named(machine: Path) -> None:
    install(machine, "java", JAVA.format(11))
    assert prebuilt.missing() == ["Java 17 or newer"]
