"""What a comparison found beside the routes' contrast, in sentences: findings and warnings."""

from collections.abc import Iterator, Sequence

from loadtest.measure.figures import BUSY
from loadtest.model.checks import Reconciliation, Splits, SplitTest
from loadtest.model.findings import PhaseReport
from loadtest.model.wording import CONNECTIONS, count_of, ms, percent


def split_finding(splits: Splits) -> Iterator[str]:
    """Say that the split is as configured, if it is."""
    tests = [splits.whole, *splits.by_connection.values()]
    split = splits.whole
    if split is not None and all(test and test.p_value >= test.alpha for test in tests):
        text = (
            f"The split is as configured: {percent(split.share)} of"
            f" {sum(split.requests.values()):,} votes took the HTTP route,"
            f" {percent(split.expected)} expected (p = {split.p_value:.2g})"
        )
        if len(splits.by_connection) > 1:
            shares = [
                f"{percent(test.share)} {CONNECTIONS[kind]}"
                for kind, test in splits.by_connection.items()
            ]
            text += f"; {' and '.join(shares)}"
        yield f"{text}."


def split_warning(split: SplitTest | None) -> Iterator[str]:
    """Say that too many votes got no answer to judge the split."""
    if split is not None and split.fair and split.p_value < split.alpha:
        yield (
            f"The split cannot be judged: {percent(split.share)} of the answers came from the HTTP"
            f" route, {percent(split.expected)} were expected, but {split.unanswered:,} votes got"
            " no answer that names its route."
        )


def late_generator(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Say where the load generator itself was the limit, and why."""
    late = [phase for phase in phases if phase.generator.limited]
    if late:
        lag = max(phase.generator.lag_p99 for phase in late)
        cpu = max(phase.generator.cpu_share for phase in late)
        reason = "it can do no more" if cpu > BUSY else "the machine was busy with other things"
        yield (
            f"The load generator was the limit in {_names(late, phases)}:"
            f" 1 % of the votes left more than {ms(lag)} late, and the latencies have that in them."
            f" It used up to {percent(cpu)} of a core, so {reason}."
        )


def overloaded(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Say where votes were due that no user was free to send."""
    late = [phase for phase in phases if phase.generator.unsent]
    if late:
        unsent = sum(phase.generator.unsent for phase in late)
        yield (
            f"Overloaded in {_names(late, phases)}: {count_of(unsent, 'vote')}"
            " found every user busy until the end and were never sent; give it more users or a"
            " lower rate."
        )


def not_accepted(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Say how many votes were not accepted in each phase, and why most of them."""
    for phase in phases:
        failed = sum(error.count for error in phase.errors)
        if failed:
            worst = max(phase.errors, key=lambda error: error.count)
            yield (
                f"{phase.name}: {failed:,} of {phase.requests:,} votes not accepted, most often"
                f" “{worst.kind}”."
            )


def _names(some: Sequence[PhaseReport], phases: Sequence[PhaseReport]) -> str:
    if len(some) > 1 and len(some) == len(phases):
        return "all phases"
    return ", ".join(phase.name for phase in some)


def reconciliation_warning(found: Reconciliation | None) -> Iterator[str]:
    """Say what the reconciliation cannot tell."""
    if found is None:
        yield "The votes were not held against the vote log and the tally."
    elif found.unknown:
        yield (
            f"{count_of(found.unknown, 'vote')} got no clear answer, of which"
            f" {found.unknown_counted:,} count; both is right."
        )


def reconciliation_finding(found: Reconciliation) -> str:
    """Say that every vote counts once."""
    return (
        f"Each of the {found.accepted:,} accepted votes is in the vote log exactly once, as it was"
        f" sent, and the tally agrees with the log in every counter ({found.log_votes:,} votes in"
        " all)."
    )
