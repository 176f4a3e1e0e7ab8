"""What bazelw says when the toolbox cannot be built."""

from pathlib import Path

import pytest

from tools.toolbox import rootfs
from tools.toolbox.places import REPOSITORY

GONE = """\
E: Version '7.7.1*' for 'bazel-bootstrap' was not found
E: Unable to locate package chromium
E: mmdebstrap failed to run
"""
"""What apt and mmdebstrap wrote when Debian did not have these two."""


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def toolbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """Return where a toolbox would be built by an mmdebstrap that writes GONE and fails."""
    monkeypatch.setattr("os.geteuid", lambda: request.param)
    program = tmp_path / "bin" / "mmdebstrap"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{GONE}END\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("BAZELW_MIRROR", "http://debian.invalid")
    return tmp_path / "toolbox-0"


def test_packages_that_debian_no_longer_has_are_named_with_the_next_step(
    toolbox: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        rootfs.make(toolbox)
    said = capfd.readouterr().err
    assert GONE in said
    assert "no longer has what tools/toolbox/packages.txt names: bazel-bootstrap, chromium" in said
    assert "set BAZELW_MIRROR to Debian's snapshot" in said
    assert "put a bazel 7.7.1 and a python3.14 of your own on PATH" in said


def test_a_failed_toolbox_is_out_of_the_way(toolbox: Path) -> None:
    with pytest.raises(SystemExit):
        rootfs.make(toolbox)
    assert not toolbox.exists()
    assert not toolbox.with_suffix(".unfinished").exists()


def test_another_failure_leads_to_the_output() -> None:
    assert rootfs.reason("E: No space left on device\n").endswith("mmdebstrap's output above")


def test_the_page_that_the_message_names_has_the_heading() -> None:
    page = (REPOSITORY / "docs/troubleshooting.md").read_text()
    assert "\n## The toolbox cannot be built\n" in page
