"""The contrast between colours of a page, by WCAG 2.2 (1.4.3, 1.4.11)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LARGE: Final = 3.0
TEXT: Final = 4.5


def themes_of(style: Path) -> Mapping[str, Mapping[str, str]]:
    """Return the colours that a style sheet names, in its light and its dark theme."""
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", part))
        for part in style.read_text().split("@media (prefers-color-scheme: dark)")[:2]
    )
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour like #fff or #17171a."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
