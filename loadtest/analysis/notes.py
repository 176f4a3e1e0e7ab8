"""Findings and warnings, in sentences, about everything but how the routes compare."""

from collections.abc import Iterator, Sequence

from loadtest.model.checks import Reconciliation, Splits, SplitTest
from loadtest.model.findings import BUSY, PhaseReport
from loadtest.model.wording import CONNECTIONS, count_of, ms, percent, three_digits
from tools.services.roster import UNARY_CLIENT


def split_finding(splits: Splits) -> Iterator[str]:
    """Yield a sentence if the split is as configured."""
    tests = [splits.whole, *splits.by_connection.values()]
    split = splits.whole
    if split is not None and all(test and test.p_value >= test.alpha for test in tests):
        text = (
            f"The split matches its configuration: {percent(split.share)} of"
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
    """Yield a warning if too many votes got no answer for the split to be judged."""
    if split is not None and split.fair and split.p_value < split.alpha:
        yield (
            f"The split cannot be judged: {percent(split.share)} of the responses came from the"
            f" HTTP route ({percent(split.expected)} expected), but {split.unanswered:,} votes got"
            " no response that names its route."
        )


def late_generator(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Yield a warning with the phases in which the load generator was the limit, and why."""
    late = [phase for phase in phases if phase.generator.limited]
    if late:
        lag = max(phase.generator.lag_p99 for phase in late)
        cpu = max(phase.generator.cpu_share for phase in late)
        reason = "it was saturated" if cpu > BUSY else "the machine was busy with other work"
        yield (
            f"The load generator was the bottleneck in {_names(late, phases)}:"
            f" 1 % of the votes were sent more than {ms(lag)} late, which is included in the"
            f" latencies. It used up to {percent(cpu)} of a core, so {reason}."
        )


def batched_calls(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Yield a warning if votes shared calls where each should have had its own."""
    uses = [(phase.processes or {}).get(UNARY_CLIENT) for phase in phases]
    per_call = max((use.votes_per_batch or 0 for use in uses if use is not None), default=0)
    if per_call > 1:
        yield (
            f"{UNARY_CLIENT} sent up to {three_digits(per_call)} votes in a call: it does not have"
            " GRPC_CALLS=unary."
        )


def overloaded(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Yield a warning with the phases in which votes were due and no user was free."""
    late = [phase for phase in phases if phase.generator.unsent]
    if late:
        unsent = sum(phase.generator.unsent for phase in late)
        yield (
            f"Overloaded in {_names(late, phases)}: {count_of(unsent, 'vote')} never sent because"
            " every user was busy. Use more --users or a lower --rate."
        )


def not_accepted(phases: Sequence[PhaseReport]) -> Iterator[str]:
    """Yield for each phase how many votes were not accepted, and the commonest reason."""
    for phase in phases:
        failed = sum(error.count for error in phase.errors)
        if failed:
            worst = max(phase.errors, key=lambda error: error.count)
            yield (
                f"{phase.name}: {failed:,} of {phase.requests:,} votes not accepted, mostly"
                f" “{worst.kind}”."
            )


def _names(chosen: Sequence[PhaseReport], phases: Sequence[PhaseReport]) -> str:
    if len(chosen) > 1 and len(chosen) == len(phases):
        return "all phases"
    return ", ".join(phase.name for phase in chosen)


def reconciliation_warning(found: Reconciliation | None) -> Iterator[str]:
    """Yield a warning about what the reconciliation leaves open."""
    if found is None:
        yield "The votes were not checked against the vote log and the tally."
    elif found.unknown:
        yield (
            f"{count_of(found.unknown, 'vote')} got no definite response; {found.unknown_counted:,}"
            " of them counted. Either outcome is correct."
        )


def reconciliation_finding(found: Reconciliation) -> str:
    """Return the sentence that every accepted vote counts once."""
    return (
        f"Each of the {found.accepted:,} accepted votes is in the vote log exactly once, as sent,"
        f" and every counter of the tally matches it ({found.log_votes:,} votes in total)."
    )
