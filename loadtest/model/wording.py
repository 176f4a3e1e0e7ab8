"""How figures are written for people."""

from collections.abc import Sequence

from loadtest.model.between_runs import FALSE_ALARMS, TRIAL
from loadtest.model.candidate import Candidate, Pair
from loadtest.model.estimate import Estimate
from loadtest.model.findings import Connection
from loadtest.model.report import Report
from loadtest.model.side_by_side import Change, Changes
from voting.domain.vote import Route

_WIDE = 20  # times the low end: an interval this wide says nothing
ROUTE_NAMES = {Route.GRPC: "gRPC", Route.HTTP: "HTTP"}
CANDIDATE_NAMES = {
    Candidate.GRPC: "gRPC",
    Candidate.HTTP: "HTTP",
    Candidate.GRPC_UNARY: "unary gRPC",
}


CONNECTIONS = {
    Connection.KEPT: "over kept connections",
    Connection.FRESH: "over new connections",
}


def pair_name(pair: Pair) -> str:
    """Return what a column of ratios is called: `gRPC / HTTP`."""
    of, to = pair
    return f"{CANDIDATE_NAMES[of]} / {CANDIDATE_NAMES[to]}"


def listed(texts: Sequence[str]) -> str:
    """Return texts as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def compared_names(report: Report) -> str:
    """Return what was compared: `gRPC and HTTP`."""
    return listed([CANDIDATE_NAMES[candidate] for candidate in report.setup.candidates])


def headline(report: Report) -> str:
    """Return the result in a word or two."""
    if not report.verdict.passed:
        return "Failed"
    return "Interrupted, no failures so far" if report.interrupted else "Passed"


def count_of(count: int, noun: str) -> str:
    """Return a count and its noun: `1 vote`, `12,345 votes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def ms(milliseconds: float | None) -> str:
    """Return a duration with three significant digits; a dash when there is none."""
    if milliseconds is None:
        return "—"
    if milliseconds >= 999.5:
        return f"{three_digits(milliseconds / 1000)} s"
    return f"{three_digits(milliseconds)} ms"


def three_digits(value: float) -> str:
    """Return a positive number with three significant digits, or as a whole number."""
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f}"


def mib(size: float) -> str:
    """Return a size in bytes as mebibytes."""
    return f"{size / 2**20:,.0f} MiB"


def percent(share: float) -> str:
    """Return a share of 1 in percent."""
    return f"{100 * share:.1f} %"


def rate(per_second: float | None) -> str:
    """Return a rate per second; a dash when there is none."""
    if per_second is None:
        return "—"
    return (
        f"{per_second:,.0f}/s"
        if per_second >= 100
        else f"{per_second:.1f}".removesuffix(".0") + "/s"
    )


def times(ratio: Estimate) -> str:
    """Return a ratio in words: `1.60 times`."""
    return f"{three_digits(ratio.value)} times"


def figure(estimate: Estimate | None) -> str:
    """Return an estimate with its interval: `4.20 (4.00-4.41)`; a dash when there is none."""
    if estimate is None:
        return "—"
    text = three_digits(estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    if is_uncertain(estimate):
        return f"{text} (uncertain)"
    return f"{text} ({three_digits(estimate.low)}-{three_digits(estimate.high)})"


def interval(estimate: Estimate) -> str:
    """Return what is known of an estimate's error: `95 % interval 1.50 to 1.70`."""
    if estimate.low is None or estimate.high is None:
        return "measured once, so no interval"
    if is_uncertain(estimate):
        return "phases too few or too different for an interval"
    return f"95 % interval {three_digits(estimate.low)} to {three_digits(estimate.high)}"


def changes_note(changes: Changes) -> str:
    """Return what "changed" means, and how often it is wrong."""
    return (
        f"“Changed”: p below {FALSE_ALARMS:g}, corrected for all {len(changes.changes)} figures"
        " (Holm), so at most one in twenty reports on unchanged code has a false alarm. Each"
        " interval is a 95 % interval, widened because runs of the same code differ by more than"
        f" the spread of their phases ({TRIAL})."
    )


def change_word(change: Change) -> str:
    """Return whether a figure changed, with its corrected p: `changed, p = 0.003`."""
    return f"changed, p {probability(change.p)}" if change.changed else "within noise"


def probability(p: float) -> str:
    """Return a probability with one or two significant digits: `= 0.03`, `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def is_uncertain(estimate: Estimate) -> bool:
    """Return whether an estimate's interval is so wide that it says nothing."""
    return bool(estimate.low and estimate.high and estimate.high > _WIDE * estimate.low)
