"""The kinds of panels that our dashboards have."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat
from grafana_foundation_sdk.builders import timeseries as time_series
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Panel,
    Threshold,
    ThresholdsMode,
)

# As k8s/base/grafana provisions it.
PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="prometheus")

WHOLE, HALF, THIRD, QUARTER = 24, 12, 8, 6
"""Widths, in Grafana's columns."""

_GRAPH_HEIGHT = 8
_STAT_HEIGHT = 5

type Queries = Mapping[str, str]
"""PromQL by the legend of its series, in which {{label}} stands for a label's value."""


def new_dashboard(title: str, uid: str, description: str) -> dashboard.Dashboard:
    """Return a dashboard that shows the last 15 minutes and refreshes itself."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["voting"])
        .time("now-15m", "now")
        .refresh("5s")
        .timezone("browser")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )


def graph(
    title: str,
    description: str,
    queries: Queries,
    *,
    unit: str = "short",
    width: int = HALF,
    stacked: bool = False,
) -> time_series.Panel:
    """Return a panel of lines over time; `stacked` shows a sum and its parts."""
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    panel = (
        time_series.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .targets(_targets(queries))
        .unit(unit)
        .min(0)
        .span(width)
        .height(_GRAPH_HEIGHT)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .fill_opacity(30 if stacked else 5)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    return panel


def figures(
    title: str,
    description: str,
    queries: Queries,
    *,
    unit: str = "short",
    width: int = QUARTER,
    red_below: float | None = None,
    red_from: float | None = None,
) -> stat.Panel:
    """Return a panel of large numbers, red below `red_below` or from `red_from` on."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .targets(_targets(queries))
        .unit(unit)
        .span(width)
        .height(_STAT_HEIGHT)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    if red_below is not None:
        panel.thresholds(_thresholds("red", red_below, "green"))
    elif red_from is not None:
        panel.thresholds(_thresholds("green", red_from, "red"))
    return panel


def bars(title: str, description: str, queries: Queries, *, width: int = HALF) -> bargauge.Panel:
    """Return a panel of horizontal bars, the last value of each series."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .targets(_targets(queries, instant=True))
        .span(width)
        .height(2 * _GRAPH_HEIGHT)
        .min(0)
        .display_mode(BarGaugeDisplayMode.GRADIENT)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def add_row(board: dashboard.Dashboard, title: str, *panels: Builder[Panel]) -> None:
    """Add panels below a heading."""
    board.with_row(dashboard.Row(title))
    for panel in panels:
        board.with_panel(panel)


def _targets(queries: Queries, *, instant: bool = False) -> list[Builder[Dataquery]]:
    targets: list[Builder[Dataquery]] = []
    for ref_id, (legend, expression) in zip("ABCDEF", queries.items(), strict=False):
        target = prometheus.Dataquery().ref_id(ref_id).expr(expression).legend_format(legend)
        targets.append(target.instant() if instant else target.range())
    return targets


def _thresholds(below: str, value: float, above: str) -> dashboard.ThresholdsConfig:
    steps = [Threshold(color=below, value=None), Threshold(color=above, value=value)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
