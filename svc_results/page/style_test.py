"""The contrast between colours of the page, by WCAG 2.2 (1.4.3, 1.4.11)."""

import re
from pathlib import Path

import pytest

LARGE = 3.0
TEXT = 4.5
STYLE = (Path(__file__).parent / "static" / "base.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", part))
    for part in STYLE.split("@media (prefers-color-scheme: dark)")[:2]
)
THEMES = {"light": LIGHT, "dark": LIGHT | DARK}
COVERS = re.findall(r"--cover: (#[0-9a-f]{6})", STYLE)


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


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
    ],
)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("edge", ["edge", "focus"])
def test_controls_and_focus_can_be_seen(theme: str, edge: str) -> None:
    assert contrast(THEMES[theme][edge], THEMES[theme]["page"]) >= LARGE


@pytest.mark.parametrize("theme", THEMES)
def test_the_filled_part_of_the_slider_stands_out_more_than_the_rest(theme: str) -> None:
    page = THEMES[theme]["page"]
    assert contrast(THEMES[theme]["accent"], page) > 2 * contrast(THEMES[theme]["rest"], page)
    assert contrast(THEMES[theme]["accent"], page) >= LARGE
