"""What a program in the toolbox sees of the machine."""

from pathlib import Path

import pytest

from tools.toolbox import namespace

TOOLBOX = Path("/cache/toolbox-1")


def test_variables_of_the_hosts_own_installations_stay_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert not {"JAVA_HOME", "LD_LIBRARY_PATH", "LC_ALL"} & set(namespace.environment(TOOLBOX))


def test_other_variables_and_the_toolboxs_name_are_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:7000")
    environment = namespace.environment(TOOLBOX)
    assert environment["REDIS_URL"] == "redis://127.0.0.1:7000"
    assert environment["BAZELW_TOOLBOX"] == "toolbox-1"
    assert environment["PATH"] == namespace.PATH


def test_the_hosts_folders_are_visible_but_not_its_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", "/usr/local/home")
    monkeypatch.setenv("BAZELW_CACHE", str(tmp_path))
    paths = set(map(str, namespace.host_paths()))
    assert {"/tmp", "/proc", "/usr/local/home"} <= paths
    assert not {"/usr", "/var", "/etc"} & paths


def test_an_ordinary_user_makes_a_user_namespace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(namespace, "host_paths", list)
    assert "--map-current-user" in namespace.new(tmp_path, ["true"])
    assert "--user" in namespace.join(1, ["true"])
