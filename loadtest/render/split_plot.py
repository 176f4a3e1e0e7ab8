"""The plot of the split: the configured share, the measured one, and its interval."""

from markupsafe import Markup

from loadtest.model.checks import SplitTest
from loadtest.model.wording import percent
from loadtest.render.axes import Axis, linear_axis
from voting.domain.vote import Route

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 860, 150, 2, 2
_BAR_TOP, _BAR_HEIGHT = 4, 34
_SCALE_Y = 84


def split_plot(split: SplitTest) -> Markup:
    """Return the shares as one bar, and below it the interval of the HTTP share, enlarged."""
    axis = _enlarged(split)
    label = f"HTTP share {percent(split.share)}, expected {percent(split.expected)}"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        _WIDTH, _HEIGHT, label, _bar(split), _interval(split, axis)
    )


def _enlarged(split: SplitTest) -> Axis:
    reach = 1.3 * max(
        split.high - split.expected, split.expected - split.low, abs(split.share - split.expected)
    )
    low, high = max(0.0, split.expected - reach), min(1.0, split.expected + reach)
    title = "share of votes via HTTP"
    return linear_axis(title, 100 * low, 100 * high, lambda value: f"{value:g} %")


def _bar(split: SplitTest) -> Markup:
    whole = _WIDTH - _LEFT - _RIGHT
    grpc = whole * (1 - split.share)
    parts = [(Route.GRPC, "gRPC", _LEFT, grpc), (Route.HTTP, "HTTP", _LEFT + grpc, whole - grpc)]
    return Markup("").join(
        Markup(
            '<rect class="fill {}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>'
            '<text class="inside middle" x="{:.1f}" y="{}">{}: {:,}</text>'
        ).format(
            route, start, _BAR_TOP, width, _BAR_HEIGHT,
            start + width / 2, _BAR_TOP + 22, name, split.requests.get(route, 0),
        )
        for route, name, start, width in parts
    )  # fmt: skip


def _interval(split: SplitTest, axis: Axis) -> Markup:
    def x(share: float) -> str:
        return f"{_LEFT + axis.place(100 * share) * (_WIDTH - _LEFT - _RIGHT):.1f}"

    ticks = Markup("").join(
        Markup(
            '<line class="grid" x1="{0}" x2="{0}" y1="58" y2="110"/>'
            '<text class="tick middle" x="{0}" y="126">{1}</text>'
        ).format(x(value / 100), text)
        for value, text in axis.ticks
    )
    sure = percent(1 - split.alpha)
    return ticks + Markup(
        '<line class="expected" x1="{0}" x2="{0}" y1="54" y2="110"/>'
        '<line class="whisker http" x1="{1}" x2="{2}" y1="{4}" y2="{4}"/>'
        '<circle class="dot http" cx="{3}" cy="{4}" r="7"><title>{5}</title></circle>'
        '<text class="title middle" x="{6}" y="146">{7}</text>'
    ).format(
        x(split.expected), x(split.low), x(split.high), x(split.share), _SCALE_Y,
        f"{percent(split.share)}; {sure} confidence: {percent(split.low)} to"
        f" {percent(split.high)}",
        _WIDTH / 2, axis.title,
    )  # fmt: skip
