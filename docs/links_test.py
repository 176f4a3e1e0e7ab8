"""Links from the README and these pages; `//tools/lint` checks every page and folders, too."""

from pathlib import Path

import pytest

from tools.lint.links import broken_links

PAGES = [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_and_heading_that_is_linked_is_there(page: Path) -> None:
    broken = broken_links(page)
    assert [target for target in broken if not names_a_folder(target)] == []


def names_a_folder(target: str) -> bool:
    """Whether a link leads to a folder of code, which is no input of this test."""
    return target != "LICENSE" and not Path(target.partition("#")[0]).suffix and target[0] != "#"
