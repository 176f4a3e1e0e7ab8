"""Stacked bars as an SVG file that brings its colours along, for light and for dark screens."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

import msgspec

_WIDTH: Final = 860
_MARGIN: Final = 24
_INNER: Final = _WIDTH - 2 * _MARGIN
_KEY_HEIGHT: Final = 50
_ROW_HEIGHT: Final = 84
_BAR_HEIGHT: Final = 30
_SCALE_HEIGHT: Final = 5
_FOOT_HEIGHT: Final = 38
_GAP: Final = 1.5
_LETTER: Final = 8.0  # the width of one, at most
_KEY_GAP: Final = 18

_STYLE: Final = """
svg { --card: #ffffff; --text: #1b2330; --soft: #5b6675; --line: #dfe3e8;
  --c0: #6f42c1; --c1: #2463d6; --c2: #4d5866; --c3: #187a3e; --c4: #a84c00; --c5: #b0327f;
  --c6: #0b6e6e; --c7: #70690a; }
@media (prefers-color-scheme: dark) {
  svg { --card: #1a2029; --text: #e7ebf0; --soft: #9aa6b5; --line: #2e3743;
    --c0: #bb9cf5; --c1: #7aa9ff; --c2: #a9b4c2; --c3: #5fce8b; --c4: #ffa552; --c5: #f285c1;
    --c6: #58c9c9; --c7: #d6cf6a; }
}
text { font: 14px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--text); }
.soft { fill: var(--soft); font-size: 13px; }
.heading { font-weight: 600; font-size: 15px; }
.inside { fill: var(--card); font-weight: 600; font-size: 13px; text-anchor: middle; }
.end { text-anchor: end; }
.card { fill: var(--card); stroke: var(--line); }
.scale { fill: var(--soft); }
"""


class Bar(msgspec.Struct, frozen=True):
    """A bar of its parts, each by name with its µs; `total` says what they are together."""

    heading: str
    total: str
    parts: Mapping[str, float]


def picture(bars: Sequence[Bar]) -> str:
    """Return the bars, each as wide as the picture, above a line that shows their real lengths."""
    height = _KEY_HEIGHT + len(bars) * _ROW_HEIGHT + _FOOT_HEIGHT
    longest = max(sum(bar.parts.values()) for bar in bars)
    rows = [
        line
        for number, bar in enumerate(bars)
        for line in _bar(bar, _KEY_HEIGHT + number * _ROW_HEIGHT, longest)
    ]
    told = "; ".join(f"{bar.heading}: {bar.total}" for bar in bars)
    foot = "A bar is one vote; its numbers are µs. The line below is its length on the same scale."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
            f'aria-label="{escape(told)}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" '
            'rx="10"/>',
            *_key(list(bars[0].parts)),
            *rows,
            f'<text class="soft" x="{_MARGIN}" y="{height - 16}">{foot}</text>',
            "</svg>\n",
        ]
    )


def _key(names: Sequence[str]) -> Iterator[str]:
    x = float(_MARGIN)
    for number, name in enumerate(names):
        yield (
            f'<rect x="{x:.1f}" y="20" width="12" height="12" rx="2" fill="var(--c{number})"/>'
            f'<text x="{x + 18:.1f}" y="31">{escape(name)}</text>'
        )
        x += 18 + _LETTER * len(name) + _KEY_GAP


def _bar(bar: Bar, top: float, longest: float) -> Iterator[str]:
    yield f'<text class="heading" x="{_MARGIN}" y="{top + 18}">{escape(bar.heading)}</text>'
    yield f'<text class="end" x="{_WIDTH - _MARGIN}" y="{top + 18}">{escape(bar.total)}</text>'
    whole = sum(bar.parts.values())
    x, y = float(_MARGIN), top + 27
    for number, (name, value) in enumerate(bar.parts.items()):
        width = value / whole * _INNER
        label = f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
        yield (
            f'<rect x="{x:.1f}" y="{y}" width="{max(width - _GAP, 0):.1f}" '
            f'height="{_BAR_HEIGHT}" fill="var(--c{number})">'
            f"<title>{escape(name)}: {label} µs</title></rect>"
        )
        if width > _LETTER * len(label) + 8:
            middle = x + (width - _GAP) / 2
            yield f'<text class="inside" x="{middle:.1f}" y="{y + 20}">{label}</text>'
        x += width
    length = whole / longest * _INNER
    yield (
        f'<rect class="scale" x="{_MARGIN}" y="{y + _BAR_HEIGHT + 4}" width="{length:.1f}" '
        f'height="{_SCALE_HEIGHT}"/>'
    )
