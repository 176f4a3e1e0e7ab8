"""Our tables of Unicode properties agree with Chromium's."""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

from voting.domain import visible_text

_POINTS = """property => {
    const pattern = new RegExp(`^\\\\p{${property}}$`, "u");
    const found = [];
    for (let point = 0; point <= 0x10ffff; point++) {
        if ((point < 0xd800 || point > 0xdfff) && pattern.test(String.fromCodePoint(point)))
            found.push(point);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def properties() -> dict[str, set[str]]:
    """Return the characters of each property that we use."""
    names = ["Default_Ignorable_Code_Point", "Bidi_Control", "Extended_Pictographic"]
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        found = {name: {chr(n) for n in page.evaluate(_POINTS, name)} for name in names}
        browser.close()
    return found


def _matched_by(pattern: re.Pattern[str]) -> set[str]:
    return {character for character in map(chr, range(0x110000)) if pattern.match(character)}


def test_our_ignorable_characters_are_unicodes(properties: dict[str, set[str]]) -> None:
    ours = _matched_by(visible_text._ANY_IGNORABLE)
    assert ours - properties["Default_Ignorable_Code_Point"] == set("\ufff9\ufffa\ufffb")
    assert properties["Default_Ignorable_Code_Point"] <= ours
    assert properties["Bidi_Control"] <= ours


def test_every_pictograph_is_known(properties: dict[str, set[str]]) -> None:
    pictographs = properties["Extended_Pictographic"]
    unassigned = {c for c in pictographs if c > "\U0001faff"}  # reserved for future emoji
    assert pictographs - unassigned <= _matched_by(visible_text._PICTOGRAPHS)
