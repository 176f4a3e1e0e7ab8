"""Line charts as inline SVG. Colours come from the page's style sheet, light or dark."""

from collections.abc import Iterator, Sequence

import msgspec
from markupsafe import Markup

from loadtest.render.axes import Axis

WIDTH, HEIGHT = 860, 350
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 44, 46
_HEADING_WIDTH = 7.5  # of one character
_INNER_WIDTH = WIDTH - LEFT - RIGHT
_INNER_HEIGHT = HEIGHT - TOP - BOTTOM


class Dot(msgspec.Struct, frozen=True):
    """A marked point of a line, with the text shown when it is pointed at.

    `low` and `high` are the ends of its interval, if it has one.
    """

    x: float
    y: float
    text: str
    low: float | None = None
    high: float | None = None


class Line(msgspec.Struct, frozen=True):
    """A line through points; None breaks it. `style` names CSS classes.

    Where lines cross, later ones are drawn above earlier ones.
    """

    style: str
    points: Sequence[tuple[float, float] | None]
    dots: Sequence[Dot] = ()


class Band(msgspec.Struct, frozen=True):
    """A stretch of the x axis with a heading."""

    start: float
    end: float
    heading: str


def line_chart(
    label: str, x: Axis, y: Axis, lines: Sequence[Line], bands: Sequence[Band] = ()
) -> Markup:
    """Return the chart; `label` describes it to people who cannot see it."""
    content = Markup("").join(
        [
            *(_band(band, x) for band in bands),
            *_grid(x, y, vertical=not bands),
            *(_line(line, x, y) for line in lines),
        ]
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, content
    )


def _x(axis: Axis, value: float) -> str:
    return f"{LEFT + axis.place(value) * _INNER_WIDTH:.1f}"


def _y(axis: Axis, value: float) -> str:
    return f"{TOP + (1 - axis.place(value)) * _INNER_HEIGHT:.1f}"


def _grid(x: Axis, y: Axis, *, vertical: bool) -> Iterator[Markup]:
    floor = HEIGHT - BOTTOM
    for value, text in y.ticks:
        at = _y(y, value)
        yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            LEFT, WIDTH - RIGHT, at, at
        )
        yield _text("tick end", LEFT - 8, at, text, dy="0.32em")
    for value, text in x.ticks:
        at = _x(x, value)
        if vertical:
            yield Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                at, at, TOP, floor
            )
        yield _text("tick middle", at, floor + 18, text)
    yield Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
        LEFT, WIDTH - RIGHT, floor, floor
    )
    yield _text("title middle", LEFT + _INNER_WIDTH / 2, HEIGHT - 8, x.title)
    yield _text("title", 4, 14, y.title)


def _band(band: Band, x: Axis) -> Markup:
    start, end = float(_x(x, band.start)), float(_x(x, band.end))
    area = Markup('<rect class="band" x="{}" y="{}" width="{:.1f}" height="{}"/>').format(
        start, TOP, max(0.0, end - start), _INNER_HEIGHT
    )
    if end - start < _HEADING_WIDTH * len(band.heading):
        return area  # no room: the colours of the lines must do
    return area + _text("heading middle", (start + end) / 2, TOP - 8, band.heading)


def _line(line: Line, x: Axis, y: Axis) -> Markup:
    path, pen = [], "M"
    for point in line.points:
        if point is None:
            pen = "M"
            continue
        start = "h0" if pen == "M" else ""  # a point between two gaps is a line of no length
        path.append(f"{pen}{_x(x, point[0])} {_y(y, point[1])}{start}")
        pen = "L"
    drawn = Markup('<path class="line {}" d="{}"/>').format(line.style, "".join(path))
    ranges = [
        Markup('<line class="range {}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            line.style, _x(x, dot.x), _x(x, dot.x), _y(y, dot.low), _y(y, dot.high)
        )
        for dot in line.dots
        if dot.low is not None and dot.high is not None
    ]
    dots = [
        Markup('<circle class="dot {}" cx="{}" cy="{}" r="4"><title>{}</title></circle>').format(
            line.style, _x(x, dot.x), _y(y, dot.y), dot.text
        )
        for dot in line.dots
    ]
    return drawn + Markup("").join([*ranges, *dots])


def _text(style: str, x: float | str, y: float | str, text: str, dy: str = "0") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" dy="{}">{}</text>').format(style, x, y, dy, text)
