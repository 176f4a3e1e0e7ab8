"""The contrast between colours of the page, by WCAG 2.2 (1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

from harness.testing.contrast import LARGE, TEXT, contrast, themes_of

STYLE = Path(__file__).parent / "static" / "base.css"
THEMES = themes_of(STYLE)
COVERS = re.findall(r"--cover: (#[0-9a-f]{6})", STYLE.read_text())


@pytest.mark.parametrize("theme", THEMES)
def test_every_bar_stands_out_from_the_page(theme: str) -> None:
    assert len(COVERS) == 12
    assert min(contrast(cover, THEMES[theme]["page"]) for cover in COVERS) >= LARGE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "page"),
        ("soft", "page"),
        ("wrong", "page"),
        ("right", "page"),
        ("grpc-ink", "page"),
        ("http-ink", "page"),
        ("ink", "field"),
        ("on-band", "band"),
        ("soft-on-band", "band"),
        ("grpc", "band"),
        ("http", "band"),
        ("on-band", "call"),
        ("soft", "field"),
        ("wrong", "field"),
        ("right", "field"),
    ],
)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= TEXT


def test_what_became_of_a_vote_can_be_read() -> None:
    style = STYLE.with_name("poll.css").read_text()
    grounds = re.findall(r"\.outcome\.\w+ { background: (#\w{6}); color: #fff; }", style)
    assert len(grounds) == 2
    assert min(contrast(ground, "#ffffff") for ground in grounds) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("edge", ["edge", "focus"])
def test_controls_and_focus_can_be_seen(theme: str, edge: str) -> None:
    assert contrast(THEMES[theme][edge], THEMES[theme]["page"]) >= LARGE


@pytest.mark.parametrize("theme", THEMES)
def test_the_filled_part_of_the_slider_stands_out_more_than_the_rest(theme: str) -> None:
    page = THEMES[theme]["page"]
    assert contrast(THEMES[theme]["accent"], page) > 2 * contrast(THEMES[theme]["rest"], page)
    assert contrast(THEMES[theme]["accent"], page) >= LARGE
