"""The verdict on a comparison: what is wrong, and what was found."""

from collections.abc import Iterator, Sequence

from loadtest.analysis import notes
from loadtest.analysis.ramp_findings import ramp_findings, ramp_warnings
from loadtest.analysis.routes_compared import route_findings
from loadtest.analysis.sweep_findings import sweep_findings, sweep_warnings
from loadtest.model.checks import Damage, Reconciliation, Splits
from loadtest.model.findings import PhaseReport
from loadtest.model.ramp_result import Ramp
from loadtest.model.report import Verdict
from loadtest.model.side_by_side import SideBySide
from loadtest.model.sweep_result import Sweep
from loadtest.model.wording import CANDIDATE_NAMES, CONNECTIONS, count_of, percent
from loadtest.plan.sweep import has_failed


def judge(
    phases: Sequence[PhaseReport],
    side_by_side: SideBySide,
    splits: Splits,
    found: Reconciliation | str | None,
    *,
    per_second: float | None = None,
    ramp: Ramp | None = None,
    sweep: Sweep | None = None,
    interrupted: bool,
    unmeasured: str | None,
) -> Verdict:
    """Return the verdict on what was measured; it passes when there is no failure.

    `found` is the reconciliation, or the reason why it failed, or None when it was skipped;
    `per_second` is the rate of a comparison at one rate. `unmeasured` is the reason why there is no
    processor time, None when there is.
    """
    reconciliation = found if isinstance(found, Reconciliation) else None
    damages = list(_damages(reconciliation)) if reconciliation else []
    one_rate = ramp is None and sweep is None
    failures = [*_strays(phases), *_unfair_split(splits), *damages]
    if not interrupted:
        failures = [*_without_votes(phases, each=one_rate), *failures]
    if ramp is not None:  # it goes on until the rate is too high: no reason to warn
        warnings, findings = list(ramp_warnings(ramp)), list(ramp_findings(ramp))
    elif sweep is not None:
        reached = [phase for phase in phases if not has_failed(phase)]
        warnings = [*sweep_warnings(sweep), *_warnings(reached, splits, unmeasured)]
        findings = list(sweep_findings(sweep))
    else:
        warnings = [*notes.late_generator(phases), *_warnings(phases, splits, unmeasured)]
        late = any(phase.generator.limited for phase in phases if phase.forced)
        compared = route_findings(side_by_side, per_second, late=late)
        findings = [*compared, *notes.split_finding(splits)]
    if isinstance(found, str):
        failures.append(f"The votes could not be checked against the stores: {found}")
    else:
        warnings += notes.reconciliation_warning(found)
    if reconciliation and not damages:
        findings.append(notes.reconciliation_finding(reconciliation))
    if interrupted:
        warnings.append("The comparison was interrupted: the figures cover only the part that ran.")
    return Verdict(not failures, failures, warnings, findings)


def _warnings(
    phases: Sequence[PhaseReport], splits: Splits, unmeasured: str | None
) -> Iterator[str]:
    yield from notes.batched_calls(phases)
    yield from notes.overloaded(phases)
    yield from notes.not_accepted(phases)
    yield from notes.split_warning(splits.whole)
    if unmeasured is not None:
        yield f"Processor time per vote was not measured: {unmeasured}."


def _strays(phases: Sequence[PhaseReport]) -> Iterator[str]:
    for phase in phases:
        if phase.forced and phase.elsewhere:
            yield (
                f"{phase.name}: {count_of(phase.elsewhere, 'vote')} requested the"
                f" {CANDIDATE_NAMES[phase.forced]} route but took the other one."
            )


def _without_votes(phases: Sequence[PhaseReport], *, each: bool) -> Iterator[str]:
    """Yield the phases without an accepted vote, `each` or those of candidates without any.

    At a rate that is too high for it, a candidate may still have been busy with the warm-up.
    """
    accepting = {phase.forced for phase in phases if phase.accepted_per_second > 0}
    for phase in phases:
        if phase.accepted_per_second == 0 and (each or phase.forced not in accepting):
            yield f"{phase.name}: no vote was accepted after the warm-up."


def _unfair_split(splits: Splits) -> Iterator[str]:
    for split, votes in [
        (splits.whole, "the votes"),
        *((test, f"the votes {CONNECTIONS[kind]}") for kind, test in splits.by_connection.items()),
    ]:
        if split is not None and not split.fair:
            yield (
                f"The split is off: {percent(split.share)} of {votes} took the HTTP route,"
                f" {percent(split.expected)} expected (p = {split.p_value:.2g},"
                f" below {split.alpha})."
            )


def _damages(found: Reconciliation) -> Iterator[str]:
    yield from _damage(found.lost, "accepted {} missing from the vote log")
    yield from _damage(found.altered, "{} in the vote log with other content than sent")
    yield from _damage(found.repeated, "accepted {} under an id that another vote has")
    yield from _damage(found.refused_counted, "refused {} in the vote log anyway")
    if found.difference_count:
        yield _tally_damage(found)
    if found.others < 0:
        yield f"{count_of(-found.others, 'earlier vote')} disappeared from the vote log."
    surplus = found.others - found.unknown_without_id
    if surplus > 0 and not found.others_allowed:
        yield f"The vote log has {count_of(surplus, 'vote')} that this comparison did not send."


def _damage(damage: Damage, text: str) -> Iterator[str]:
    if damage.count:
        verb = "is" if damage.count == 1 else "are"
        subject = text.format(f"{'vote' if damage.count == 1 else 'votes'} {verb}")
        yield f"{damage.count:,} {subject}, for example {damage.ids[0]}."


def _tally_damage(found: Reconciliation) -> str:
    first = found.differences[0]
    excess = found.tally_votes - found.log_votes
    text = f"The tally differs from the vote log in {count_of(found.difference_count, 'counter')}"
    if excess:
        text += f" and has {count_of(abs(excess), 'vote')}"
        text += " too many" if excess > 0 else " too few"
    return (
        f"{text}; for example {first.counter}: {first.log} in the vote log,"
        f" {first.tally} in the tally."
    )
