"""What changed since an earlier report, and whether that is more than noise."""

import math
from collections.abc import Iterator

from loadtest.estimate import Estimate, t_quantile
from loadtest.report import Report, Setup
from loadtest.side_by_side import Change, Changes, SideBySide
from loadtest.side_by_side_rows import FIGURES
from loadtest.wording import ROUTE_NAMES


def changes_since(old: Report, setup: Setup, found: SideBySide) -> Changes:
    """Return what differs between an earlier report and the figures of this one."""
    return Changes(
        old.started_at, list(_unlike(old.setup, setup)), list(_changes(old.side_by_side, found))
    )


def factor(new: Estimate, old: Estimate) -> Estimate | None:
    """Return new over old with the interval of Welch's test on the logarithms.

    Both runs have their own spread, and not the same one. None when one was measured only once.
    """
    new_error, old_error = _standard_error(new), _standard_error(old)
    if new_error is None or old_error is None:
        return None
    value = new.value / old.value
    error = math.hypot(new_error, old_error)
    if error == 0:
        return Estimate(value, value, value, min(new.repeats, old.repeats))
    # The degrees of freedom of Welch and Satterthwaite, rounded down: the wider interval.
    freedom = error**4 / (new_error**4 / (new.repeats - 1) + old_error**4 / (old.repeats - 1))
    spread = math.exp(t_quantile(max(1, int(freedom))) * error)
    return Estimate(value, value / spread, value * spread, min(new.repeats, old.repeats))


def _standard_error(estimate: Estimate) -> float | None:
    if estimate.low is None or estimate.high is None:
        return None
    return math.log(estimate.high / estimate.low) / 2 / t_quantile(estimate.repeats - 1)


def _changes(old: SideBySide, new: SideBySide) -> Iterator[Change]:
    for title, figure, ratio in FIGURES:
        for route, name in ROUTE_NAMES.items():
            if route in old.routes and route in new.routes:
                yield from _change(
                    title, name, figure(old.routes[route]), figure(new.routes[route])
                )
        if ratio is not None:
            yield from _change(title, "gRPC / HTTP", ratio(old.ratios), ratio(new.ratios))


def _change(title: str, of: str, old: Estimate | None, new: Estimate | None) -> Iterator[Change]:
    if old is None or new is None:
        return
    found = factor(new, old)
    if found is not None:
        yield Change(title, of, old, new, found, found.excludes(1.0))


def _unlike(old: Setup, new: Setup) -> Iterator[str]:
    for name in ("target", "pattern", "rate", "users", "client_ids", "processes"):
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            yield f"{name.replace('_', ' ')}: {before} then, {now} now"
