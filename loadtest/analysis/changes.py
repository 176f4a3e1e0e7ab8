"""What changed since an earlier report, and whether that is more than noise."""

import math
from collections.abc import Collection, Iterator, Sequence

import msgspec

from loadtest.analysis.setup_differences import setup_differences
from loadtest.model.between_runs import EXCESS, FALSE_ALARMS
from loadtest.model.candidate import Candidate, Pair, pairs_of
from loadtest.model.estimate import Estimate, t_quantile, two_sided_p
from loadtest.model.report import Report
from loadtest.model.side_by_side import FIGURES, Change, Changes, OfRatios, SideBySide
from loadtest.model.wording import CANDIDATE_NAMES, pair_name


def changes_since(old: Report, new: Report) -> Changes:
    """Return what differs between an earlier report and this one."""
    candidates = set(old.setup.candidates) & set(new.setup.candidates)
    pairs = list(_pairs(old.side_by_side, new.side_by_side, candidates))
    compared = [row for row in pairs if isinstance(row, Change)]
    adjusted = holm([change.p for change in compared])
    return Changes(
        since=old.started_at,
        unlike=list(setup_differences(old, new)),
        uncompared=[row for row in pairs if isinstance(row, str)],
        changes=[
            msgspec.structs.replace(change, p=p, changed=p < FALSE_ALARMS)
            for change, p in zip(compared, adjusted, strict=True)
        ],
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p-value corrected for the number of comparisons, in the same order.

    Holm's method (A simple sequentially rejective multiple test procedure, 1979): the chance that
    any of the p-values below a level is a false alarm is at most that level, however the figures
    depend on each other.
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    ascending = sorted(range(len(p_values)), key=p_values.__getitem__)
    for smaller, index in enumerate(ascending):
        highest = max(highest, min(1.0, (len(p_values) - smaller) * p_values[index]))
        corrected[index] = highest
    return corrected


def change(figure: str, of: str, old: Estimate, new: Estimate, *, excess: float) -> Change | None:
    """Return one figure's change, its p not yet corrected; None when one was measured only once.

    Welch's test on the logarithms, as the runs may differ in spread. Both standard errors are
    multiplied by `excess` (see `Excess`), which allows for what the phases of a run share.
    """
    if old.standard_error is None or new.standard_error is None:
        return None
    value, repeats = new.value / old.value, min(old.repeats, new.repeats)
    old_error, new_error = excess * old.standard_error, excess * new.standard_error
    error = math.hypot(old_error, new_error)
    if error == 0:
        exact = Estimate(value, value, value, repeats)
        return Change(figure, of, old, new, exact, 1.0 if value == 1 else 0.0, changed=False)
    # The degrees of freedom of Welch and Satterthwaite, rounded down: the wider interval.
    freedom = error**4 / (old_error**4 / (old.repeats - 1) + new_error**4 / (new.repeats - 1))
    freedom = max(1, math.floor(freedom + 1e-9))
    reach = math.exp(t_quantile(freedom) * error)
    factor = Estimate(value, value / reach, value * reach, repeats)
    p = two_sided_p(math.log(value) / error, freedom)
    return Change(figure, of, old, new, factor, p, changed=False)


def _pairs(
    old: SideBySide, new: SideBySide, candidates: Collection[Candidate]
) -> Iterator[Change | str]:
    """Yield the rows of the candidates that both reports should have."""
    for title, figure, ratio in FIGURES:
        for candidate in sorted(candidates):
            name = CANDIDATE_NAMES[candidate]
            before, now = (
                figure(found.routes[candidate]) if candidate in found.routes else None
                for found in (old, new)
            )
            yield from _pair(title, name, before, now, EXCESS[title].route)
        if ratio is not None:
            for pair in pairs_of(candidates):
                before, now = (_ratio(found, pair, ratio) for found in (old, new))
                yield from _pair(title, pair_name(pair), before, now, EXCESS[title].ratio)


def _ratio(found: SideBySide, pair: Pair, figure: OfRatios) -> Estimate | None:
    of_pair = [one.ratios for one in found.pairs if (one.of, one.to) == pair]
    return figure(of_pair[0]) if of_pair else None


def _pair(
    title: str, of: str, old: Estimate | None, new: Estimate | None, excess: float
) -> Iterator[Change | str]:
    if old is None and new is None:
        return
    if old is None or new is None:
        yield f"{title}, {of}: only measured in the {'new' if old is None else 'old'} report"
        return
    found = change(title, of, old, new, excess=excess)
    yield found or f"{title}, {of}: only measured once, so there is no spread"
