"""CHANGELOG.md keeps its form, and its newest release is the version that images carry."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Final

CHANGELOG: Final = Path("CHANGELOG.md").read_text()
VERSION: Final = Path("VERSION").read_text()

RELEASE: Final = re.compile(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)")
KINDS: Final = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def headings(level: int) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", CHANGELOG, re.MULTILINE)


def test_what_is_not_released_comes_first() -> None:
    assert headings(2)[0] == "[Unreleased]"


def test_releases_have_a_version_and_a_date_and_the_newest_comes_first() -> None:
    releases = [RELEASE.fullmatch(heading) for heading in headings(2)[1:]]
    found = [release for release in releases if release]
    assert len(found) == len(releases) > 0, headings(2)
    versions = [tuple(map(int, release.group(1, 2, 3))) for release in found]
    assert all(newer > older for newer, older in pairwise(versions))
    dates = [release[4] for release in found]
    assert dates == sorted(dates, reverse=True)


def test_the_newest_release_is_the_version_of_the_images() -> None:
    assert headings(2)[1].startswith(f"[{VERSION.removesuffix('\n')}] ")


def test_changes_are_of_the_kinds_that_keep_a_changelog_has() -> None:
    assert set(headings(3)) <= KINDS
