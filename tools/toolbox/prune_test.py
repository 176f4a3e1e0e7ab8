"""What bazelw keeps and what it removes, in a cache of the test's own."""

from pathlib import Path

import pytest

from tools.toolbox import prune

OUTPUTS = "bazel"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BAZELW_CACHE", str(tmp_path))
    (tmp_path / OUTPUTS).mkdir()
    return tmp_path


def built(cache: Path, name: str, clone: Path, toolbox: str) -> Path:
    """Make an output base as Bazel and bazelw leave it, with a write-protected folder."""
    base = cache / OUTPUTS / name
    (base / "execroot").mkdir(parents=True)
    (base / "DO_NOT_BUILD_HERE").write_text(str(clone))
    (base / prune.USED).write_text(toolbox)
    (base / "execroot").chmod(0o555)
    (cache / toolbox).mkdir(exist_ok=True)
    return base


def kept(folder: Path) -> set[str]:
    """Return what is in a folder, without lock files and what is being removed."""
    return {p.name for p in folder.iterdir() if p.is_dir() and p.suffix != ".removed"}


def test_outputs_of_a_deleted_clone_are_removed(cache: Path, tmp_path: Path) -> None:
    built(cache, "gone", tmp_path / "no-such-clone", "toolbox-1")
    built(cache, "here", tmp_path, "toolbox-1")
    prune.prune()
    assert kept(cache / OUTPUTS) == {"here"}


def test_a_toolbox_stays_as_long_as_a_clone_needs_it(cache: Path, tmp_path: Path) -> None:
    built(cache, "old", tmp_path, "toolbox-1")
    built(cache, "new", tmp_path, "toolbox-2")
    prune.prune()
    assert kept(cache) == {OUTPUTS, "toolbox-1", "toolbox-2"}


def test_a_toolbox_that_no_clone_needs_is_removed(cache: Path, tmp_path: Path) -> None:
    built(cache, "gone", tmp_path / "no-such-clone", "toolbox-1")
    built(cache, "here", tmp_path, "toolbox-2")
    (cache / "toolbox-3.unfinished").mkdir()
    prune.prune()
    assert kept(cache) == {OUTPUTS, "toolbox-2"}


def test_a_clone_that_starts_keeps_its_toolbox(cache: Path) -> None:
    toolbox = cache / "toolbox-1"
    toolbox.mkdir()
    prune.record_use(toolbox)
    prune.prune()
    assert "toolbox-1" in kept(cache)
