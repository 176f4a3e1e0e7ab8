"""What a clone looks like on a machine where git writes CRLF into text files."""

import os
import subprocess
from pathlib import Path
from typing import Final

from tools.toolbox.places import REPOSITORY

_TEXTS: Final = ("bazelw", ".ci/run", "Corefile", "enter.sh", "main.py", "page.html", "a.yaml")
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def git(folder: Path, *arguments: str) -> None:
    """Run git with no settings but those given."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    isolated = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *identity, *arguments], cwd=folder, env=isolated, check=True)


def test_a_clone_with_autocrlf_has_the_same_bytes(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    for name in _TEXTS:
        file = origin / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"one\ntwo\n")
    (origin / "page.png").write_bytes(_PNG)
    (origin / ".gitattributes").write_bytes((REPOSITORY / ".gitattributes").read_bytes())
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message=all")

    git(tmp_path, "-c", "core.autocrlf=true", "clone", "--quiet", "origin", "clone")

    assert {(tmp_path / "clone" / name).read_bytes() for name in _TEXTS} == {b"one\ntwo\n"}
    assert (tmp_path / "clone/page.png").read_bytes() == _PNG


def test_what_is_committed_with_crlf_is_kept_with_lf(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_bytes((REPOSITORY / ".gitattributes").read_bytes())
    (tmp_path / "script").write_bytes(b"#!/bin/sh\r\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    shown = subprocess.run(
        ["git", "show", ":script"], cwd=tmp_path, capture_output=True, check=True
    )
    assert shown.stdout == b"#!/bin/sh\n"
