"""The result of a comparison in words."""

from collections.abc import Iterator, Sequence

from loadtest.findings import Damage, PhaseReport, Reconciliation, SplitTest
from loadtest.report import Verdict
from loadtest.wording import ROUTE_NAMES, count_of, ms, percent, times
from voting.vote import Route


def judge(
    phases: Sequence[PhaseReport],
    split: SplitTest | None,
    found: Reconciliation | str | None,
    *,
    interrupted: bool,
) -> Verdict:
    """Return the verdict on what was measured; it passes when there is no failure.

    `found` is the reconciliation, or why there could be none, or None when it was left out.
    """
    reconciliation = found if isinstance(found, Reconciliation) else None
    failures = [
        *_failed_phases(phases, interrupted=interrupted),
        *_unfair_split(split),
        *_damages(reconciliation),
    ]
    if isinstance(found, str):
        failures.append(f"The votes could not be held against the stores: {found}")
    warnings = [text for phase in phases for text in _phase_warnings(phase)]
    if interrupted:
        warnings.append("The comparison was interrupted: figures are of the part that ran.")
    if found is None:
        warnings.append("The votes were not held against the vote log and the tally.")
    elif reconciliation and reconciliation.unknown:
        warnings.append(_unknown_votes(reconciliation))
    findings = [
        *_latency_findings(phases),
        *_split_finding(split),
        *_reconciliation_finding(reconciliation),
    ]
    return Verdict(not failures, failures, warnings, findings)


def _failed_phases(phases: Sequence[PhaseReport], *, interrupted: bool) -> Iterator[str]:
    for phase in phases:
        if phase.forced and phase.elsewhere:
            yield (
                f"{phase.name}: {count_of(phase.elsewhere, 'vote')} asked for the"
                f" {ROUTE_NAMES[phase.forced]} route and got the other one."
            )
        if phase.accepted_per_second == 0 and not interrupted:
            yield f"{phase.name}: no vote was accepted."


def _unfair_split(split: SplitTest | None) -> Iterator[str]:
    if split is not None and not split.fair:
        yield (
            f"The split is off: {percent(split.share)} of the votes took the HTTP route,"
            f" {percent(split.expected)} were expected (p = {split.p_value:.2g},"
            f" below {split.alpha})."
        )


def _damages(found: Reconciliation | None) -> Iterator[str]:
    if found is None:
        return
    yield from _damage(found.lost, "accepted {} not in the vote log")
    yield from _damage(found.altered, "{} not in the vote log as sent")
    yield from _damage(found.repeated, "accepted {} given an id that another vote has")
    yield from _damage(found.refused_counted, "refused {} in the vote log all the same")
    if found.difference_count:
        first = found.differences[0]
        excess = found.tally_votes - found.log_votes
        yield (
            f"The tally differs from the vote log in {count_of(found.difference_count, 'counter')}"
            f" and has {count_of(abs(excess), 'vote')} {'too many' if excess >= 0 else 'too few'};"
            f" for example {first.counter}: {first.log} in the log, {first.tally} in the tally."
        )
    if found.others < 0:
        yield f"{count_of(-found.others, 'vote')} of before are gone from the vote log."
    surplus = found.others - found.unknown_without_id
    if surplus > 0 and not found.others_allowed:
        yield f"The vote log has {count_of(surplus, 'vote')} that nobody cast."


def _damage(damage: Damage, text: str) -> Iterator[str]:
    if damage.count:
        verb = "is" if damage.count == 1 else "are"
        subject = text.format(f"{'vote' if damage.count == 1 else 'votes'} {verb}")
        yield f"{damage.count:,} {subject}, such as {damage.ids[0]}."


def _phase_warnings(phase: PhaseReport) -> Iterator[str]:
    generator = phase.generator
    if generator.limited:
        yield (
            f"{phase.name}: the load generator was the limit: 1 % of the votes left more than"
            f" {ms(generator.lag_p99)} late, while it used {percent(generator.cpu_share)} of a core"
            " (little: the machine was busy with other things). The latencies have that in them."
        )
    if generator.unsent:
        yield (
            f"{phase.name}: overloaded. {count_of(generator.unsent, 'vote')} found every user busy"
            " until the end and were never sent; give it more users or a lower rate."
        )
    failed = sum(error.count for error in phase.errors)
    if failed:
        worst = max(phase.errors, key=lambda error: error.count)
        yield (
            f"{phase.name}: {failed:,} of {phase.requests:,} votes not accepted, most often"
            f" “{worst.kind}”."
        )


def _unknown_votes(found: Reconciliation) -> str:
    return (
        f"{count_of(found.unknown, 'vote')} got no clear answer;"
        f" {found.unknown_counted:,} of them count. Neither is a fault."
    )


def _latency_findings(phases: Sequence[PhaseReport]) -> Iterator[str]:
    alone = {phase.forced: phase.routes.get(phase.forced) for phase in phases if phase.forced}
    grpc, http = alone.get(Route.GRPC), alone.get(Route.HTTP)
    if grpc is None or http is None or grpc.latency is None or http.latency is None:
        return
    p50 = f"{ms(http.latency.p50)} (HTTP) and {ms(grpc.latency.p50)} (gRPC)"
    yield f"Each route alone: half of the votes were answered within {p50}" + (
        "."
        if http.latency.p99 is None or grpc.latency.p99 is None
        else f", 99 % within {ms(http.latency.p99)} and {ms(grpc.latency.p99)}."
    )
    if not any(phase.generator.limited for phase in phases if phase.forced):
        ratio = times(grpc.latency.p50, http.latency.p50)
        yield f"At the median the gRPC route took {ratio} as long as the HTTP route in this run."


def _split_finding(split: SplitTest | None) -> Iterator[str]:
    if split is not None and split.fair:
        yield (
            f"The split is as configured: {percent(split.share)} of"
            f" {sum(split.requests.values()):,} votes took the HTTP route,"
            f" {percent(split.expected)} expected (p = {split.p_value:.2g})."
        )


def _reconciliation_finding(found: Reconciliation | None) -> Iterator[str]:
    if found is not None and not any(_damages(found)):
        yield (
            f"Each of the {found.accepted:,} accepted votes is in the vote log exactly once, as it"
            f" was sent, and the tally agrees with the log in every counter"
            f" ({found.log_votes:,} votes in all)."
        )
