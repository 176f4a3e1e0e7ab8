""".editorconfig agrees with ruff, git and buildifier about the same files."""

import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final

RUFF: Final[dict[str, Any]] = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["ruff"]


EDITORS: Final = ConfigParser()
# `root` is above the first section, which ConfigParser does not allow.
EDITORS.read_string(f"[DEFAULT]\n{Path('.editorconfig').read_text()}")


def test_python_is_as_ruff_formats_it() -> None:
    python = {**EDITORS["*"], **EDITORS["{*.py,bazelw}"]}
    assert python["max_line_length"] == str(RUFF["line-length"])
    assert python["indent_size"] == str(RUFF.get("indent-width", 4))
    assert python["indent_style"] == RUFF.get("format", {}).get("indent-style", "space")


def test_build_files_are_as_buildifier_formats_them() -> None:
    build = {**EDITORS["*"], **EDITORS["{BUILD.bazel,WORKSPACE,*.bzl}"]}
    assert (build["indent_style"], build["indent_size"]) == ("space", "4")  # it has no setting


def test_lines_end_as_git_keeps_them() -> None:
    assert EDITORS["*"]["end_of_line"] == "lf"
    assert "* text=auto eol=lf\n" in Path(".gitattributes").read_text()
