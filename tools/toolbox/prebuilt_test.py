"""When the machine's own Bazel is used, and what is said to be skipped then."""

from pathlib import Path

import pytest

from tools.toolbox import launcher, prebuilt

JAVA = 'openjdk version "{}.0.2" 2026-01-20'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine that has everything, and nothing else on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BAZELW_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BAZELW_USE", raising=False)
    for line in prebuilt.PROGRAMS.read_text().splitlines():
        if line and not line.startswith("#"):
            install(tmp_path, line.partition(">=")[0], "")
    install(tmp_path, "apt-get", "")
    is_debian("forky", tmp_path, monkeypatch)
    install(tmp_path, "bazel", "bazel 7.7.1")
    install(tmp_path, "java", JAVA.format(25))
    install(tmp_path, "python3.14", "")
    return tmp_path


def is_debian(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it a machine of this release of Debian."""
    release = folder / "os-release"
    release.write_text(f"ID=debian\nVERSION_CODENAME={name}\n")
    monkeypatch.setattr(prebuilt, "RELEASE", release)


def install(machine: Path, program: str, version: str) -> None:
    """Put a program on PATH that only prints its version."""
    script = machine / program
    script.write_text(f"#!/bin/sh\necho '{version}'\n")
    script.chmod(0o755)


@pytest.mark.usefixtures("machine")
def test_a_machine_with_everything_needs_no_toolbox() -> None:
    assert prebuilt.missing() == []
    assert prebuilt.absent() == []


def test_another_version_of_bazel_is_not_used(machine: Path) -> None:
    install(machine, "bazel", "bazel 8.0.0")
    assert prebuilt.missing() == ["Bazel 7.7.1"]


def test_without_its_python_bazel_is_not_used(machine: Path) -> None:
    (machine / "python3.14").unlink()
    assert prebuilt.missing() == ["python3.14"]


def test_bazel_is_used_without_a_browser_and_what_is_skipped_is_said(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "chromium").unlink()
    (machine / "promtool").unlink()
    assert launcher.own_bazel_serves()
    launcher.say_what_is_skipped()
    said = capsys.readouterr().err
    assert "without chromium, promtool: what needs one of these is skipped." in said


@pytest.mark.usefixtures("machine")
def test_where_nothing_is_skipped_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    launcher.say_what_is_skipped()
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("machine")
def test_the_toolbox_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAZELW_USE", "toolbox")
    assert not launcher.own_bazel_serves()


@pytest.mark.parametrize("version", [11, 16])
def test_an_old_java_is_named(machine: Path, version: int) -> None:
    install(machine, "java", JAVA.format(version))
    assert prebuilt.absent() == ["java 17 or newer"]


def test_the_oldest_java_serves(machine: Path) -> None:
    install(machine, "java", JAVA.format(17))
    assert prebuilt.absent() == []


@pytest.mark.parametrize("found", ["trixie", "forky-updates"])
def test_packages_of_another_debian_make_no_images(
    machine: Path, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_debian(found, machine, monkeypatch)
    assert prebuilt.absent() == ["debian-forky"]
