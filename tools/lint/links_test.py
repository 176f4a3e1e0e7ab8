from pathlib import Path

import pytest

from tools.lint.links import broken_links

PAGE = """# A page
[a file](other.md), [a folder](folder), [a heading](other.md#the-second-one), [here](#a-page),
[outside](https://example.com/nothing), ![a picture](picture.png)
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "picture.png").touch()
    (tmp_path / "other.md").write_text("# Other\n\n## The *second* one\n```\n# no heading\n```\n")
    return tmp_path / "page.md"


def test_links_to_what_exists_are_fine(page: Path) -> None:
    page.write_text(PAGE)
    assert broken_links(page) == []


@pytest.mark.parametrize(
    "target",
    ["missing.md", "missing.png", "folder/missing.md", "../missing"],
)
def test_a_missing_file_is_found(page: Path, target: str) -> None:
    page.write_text(f"{PAGE}\n[gone]({target})\n")
    assert broken_links(page) == [target]


@pytest.mark.parametrize("target", ["other.md#third", "other.md#no-heading", "#elsewhere"])
def test_a_missing_heading_is_found(page: Path, target: str) -> None:
    page.write_text(f"{PAGE}\n[gone]({target})\n")
    assert broken_links(page) == [target]


def test_code_holds_no_links(page: Path) -> None:
    page.write_text("`[text](missing)`\n\n```\n[text](missing)\n```\n")
    assert broken_links(page) == []
