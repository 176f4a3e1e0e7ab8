"""The contrast between colours of the console."""

import pytest

from harness.testing.contrast import LARGE, TEXT, contrast, themes_of
from svc_polls.page.console_page import STATIC_FOLDER

THEMES = themes_of(STATIC_FOLDER / "console.css")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "page"),
        ("soft", "page"),
        ("wrong", "page"),
        ("ink", "card"),
        ("soft", "card"),
        ("wrong", "card"),
        ("right", "card"),
        ("warn", "card"),
        ("on-main", "main"),
        ("on-danger", "danger"),
        ("on-alarm", "alarm"),
        ("on-rehearsal", "rehearsal"),
        ("on-rehearsal", "rehearsal-dark"),
        ("on-band", "band"),
        ("soft-on-band", "band"),
    ],
)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["page", "card"])
@pytest.mark.parametrize("edge", ["edge", "focus"])
def test_controls_and_focus_can_be_seen(theme: str, edge: str, ground: str) -> None:
    assert contrast(THEMES[theme][edge], THEMES[theme][ground]) >= LARGE
