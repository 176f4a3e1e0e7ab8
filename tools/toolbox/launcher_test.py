"""The settings with which Bazel is started."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.toolbox import launcher, prebuilt, server


def test_bazel_reads_no_settings_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / ".bazelrc").write_text("startup --of_the_user\n")
    wanted = tmp_path / "wanted.bazelrc"
    wanted.write_text("startup --of_the_repository\n")
    command = ["bazel", *server.OWN_RC_ONLY, f"--bazelrc={wanted}", "help"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "--of_the_repository" in refused.stderr
    assert "--of_the_user" not in refused.stderr


def test_nor_does_the_machines_own_bazel(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(prebuilt, "missing", list)
    monkeypatch.setattr(prebuilt, "absent", list)
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")

    def become(command: list[str], _: object) -> None:
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(launcher, "become", become)
    with pytest.raises(SystemExit):
        launcher.main(["test", "//..."])
    assert started == [["bazel", "--nohome_rc", "--nosystem_rc", "test", "//..."]]


def test_nor_does_the_toolboxs_bazel() -> None:
    assert server.bazel()[1:3] == ["--nohome_rc", "--nosystem_rc"]
