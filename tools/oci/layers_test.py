"""Layers: what they contain, and that they are reproducible."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.oci import files_layer
from tools.oci.archive import read_archive, write_archive
from tools.oci.bytecode import with_bytecode
from tools.oci.debian_layer import without
from tools.oci.system import system_files
from tools.oci.tree import File, Folder, Link, Tree, file_of

TREE: Tree = {
    "usr/bin/run": File(b"\x7fELF", executable=True),
    "etc/motd": File(b"hello\n"),
    "bin": Link("usr/bin"),
    "tmp": Folder(0o1777),
}


def test_the_order_of_entries_makes_no_difference(tmp_path: Path) -> None:
    write_archive(TREE, tmp_path / "one")
    write_archive(dict(reversed(TREE.items())), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_archive_holds_the_tree_with_the_folders_above(tmp_path: Path) -> None:
    write_archive(TREE, tmp_path / "layer")
    with tarfile.open(tmp_path / "layer") as archive:
        folders: Tree = {"etc": Folder(), "usr": Folder(), "usr/bin": Folder()}
        assert read_archive(archive) == {**TREE, **folders}


def test_nothing_in_an_archive_depends_on_who_made_it_and_when(tmp_path: Path) -> None:
    write_archive(TREE, tmp_path / "layer")
    with tarfile.open(tmp_path / "layer") as archive:
        assert {(info.mtime, info.uid, info.gid, info.uname) for info in archive} == {(0, 0, 0, "")}


@pytest.mark.parametrize(
    ("content", "executable"),
    [(b"\x7fELF...", True), (b"#!/usr/bin/python3\n", True), (b"import os\n", False), (b"", False)],
)
def test_a_file_that_begins_like_a_program_is_executable(content: bytes, executable: bool) -> None:
    assert file_of(content).executable is executable


def test_bytecode_is_used_although_the_source_has_another_time(tmp_path: Path) -> None:
    tree = with_bytecode({"module.py": File(b"x = 1\n")})
    for path, entry in tree.items():
        assert isinstance(entry, File)
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(entry.content)
    (tmp_path / "module.py").write_text("raise SystemExit('compiled anew')\n")
    run = [sys.executable, "-c", "import module"]
    subprocess.run(run, env={"PYTHONPATH": str(tmp_path)}, check=True)


def test_files_go_where_their_lines_say(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("x = 1\n")
    arguments = tmp_path / "arguments"
    arguments.write_text(f"{tmp_path}/layer\n--bytecode\napp/x.py\t{tmp_path}/source\n")
    files_layer.main([f"@{arguments}"])
    with tarfile.open(tmp_path / "layer") as archive:
        names = archive.getnames()
    assert names == ["app", "app/__pycache__", "app/__pycache__/x.cpython-314.pyc", "app/x.py"]


def test_a_package_keeps_only_what_a_container_needs() -> None:
    package: Tree = {
        path: File(b"")
        for path in [
            "etc/init.d/redis-server",
            "usr/bin/redis-benchmark",
            "usr/bin/redis-cli",
            "usr/share/doc/redis/README.gz",
            "usr/share/doc/redis/copyright",
            "usr/share/man/man1/redis-cli.1.gz",
        ]
    }
    assert list(without(package, ["usr/bin/*-benchmark"])) == [
        "usr/bin/redis-cli",
        "usr/share/doc/redis/copyright",
    ]


def test_a_system_trusts_the_authorities_of_its_packages() -> None:
    files = system_files(
        {
            "usr/share/ca-certificates/b.crt": File(b"B\n"),
            "usr/share/ca-certificates/a.crt": File(b"A\n"),
        }
    )
    assert files["etc/ssl/certs/ca-certificates.crt"] == File(b"A\nB\n")
