from pathlib import Path

import pytest

from cluster.common.errors import ClusterError
from cluster.provision import programs

# Stands in for the compiler, which is slow: a "program" is its source.
GO = """#!/bin/sh
case $1 in
version) echo go version go1.27 ;;
list) echo fmt ;;
build)
    while [ "$1" != -o ]; do shift; done
    grep -q broken "$3/main.go" && { echo "$3/main.go: it is broken" >&2; exit 1; }
    mkdir -p "$(dirname "$2")" && cp "$3/main.go" "$2" ;;
esac
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "components"
    (folder / "hello").mkdir(parents=True)
    (folder / "go.mod").write_text("module hello\n\nrequire (\n\tk8s.io/kubernetes v1.2.3\n)\n")
    (folder / "go.sum").touch()
    compiler = tmp_path / "bin" / "go"
    compiler.parent.mkdir()
    compiler.write_text(GO)
    compiler.chmod(0o755)
    monkeypatch.setattr(programs, "_COMPONENTS", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(compiler.parent), prepend=":")
    programs.ensure.cache_clear()
    source = folder / "hello" / "main.go"
    source.write_text("package main // first")
    return source


def test_a_program_is_built_once(source: Path) -> None:
    program = programs.ensure("hello")
    built = program.stat().st_mtime_ns
    programs.ensure.cache_clear()
    assert programs.ensure("hello") == program
    assert program.stat().st_mtime_ns == built


def test_a_change_of_its_source_makes_another_program(source: Path) -> None:
    before = programs.ensure("hello")
    source.write_text("package main // second")
    programs.ensure.cache_clear()
    after = programs.ensure("hello")
    assert after != before
    assert after.read_text() == "package main // second"


def test_a_program_that_does_not_compile_leaves_nothing(source: Path, tmp_path: Path) -> None:
    source.write_text("broken")
    with pytest.raises(ClusterError, match="it is broken"):
        programs.ensure("hello")
    left = [path.name for path in (tmp_path / "cache" / "voting-cluster").iterdir()]
    assert left == ["hello.lock"]


def test_old_builds_are_removed(source: Path, tmp_path: Path) -> None:
    for number in range(5):
        source.write_text(f"package main // {number}")
        programs.ensure.cache_clear()
        newest = programs.ensure("hello")
    assert newest.exists()
    assert len(list((tmp_path / "cache" / "voting-cluster").glob("hello-*"))) == 2
