"""The table of a run, for people."""

from collections.abc import Iterator

from chaos.runs.run import Round, RunOutcome
from harness.promise.check import round_result

_COLUMNS = (
    ("fault", 26),
    ("times", 5),
    ("acknowledged", 12),
    ("lost", 5),
    ("double", 6),
    ("longest gap (s)", 15),
    ("recovery (s)", 12),
)


def table(outcome: RunOutcome) -> str:
    """Return one line per fault, the totals and the verdict.

    The gap is the longest time in which one of the routes acknowledged nothing. Recovery lasts
    from the end of the fault until both routes acknowledge and both stores keep up. Both are the
    longest of all injections.
    """
    return "\n".join(
        [_line([name for name, _ in _COLUMNS]), *_fault_lines(outcome), *_verdict(outcome)]
    )


def _fault_lines(outcome: RunOutcome) -> Iterator[str]:
    rounds: dict[str, list[Round]] = {}
    for round_ in outcome.rounds:
        rounds.setdefault(round_.fault.name, []).append(round_)
    for name, of_fault in rounds.items():
        results = [round_result(r.name, outcome.sent_votes, outcome.contents) for r in of_fault]
        yield _line(
            [
                name,
                str(len(of_fault)),
                str(sum(r.acknowledged for r in results)),
                str(sum(r.lost for r in results)),
                str(sum(r.double for r in results)),
                "-" if of_fault[0].fault.idle else f"{max(r.longest_gap for r in of_fault):.1f}",
                f"{max(r.recovery for r in of_fault):.1f}",
            ]
        )


def _verdict(outcome: RunOutcome) -> Iterator[str]:
    sent_votes, contents = outcome.sent_votes, outcome.contents
    yield ""
    yield (
        f"{len(sent_votes.acknowledged)} votes acknowledged, {sent_votes.repeats} sent again after "
        f"that, {contents.ledger.records} records in Kafka, "
        f"{len(contents.logged)} votes in the log, {contents.tally.votes} in the tally"
    )
    cut = [poll for poll in (contents.polls or {}).values() if poll.cut is not None]
    yield (
        f"{len(cut)} polls opened, closed and cut; votes in them: "
        + ", ".join(f"{times} x {what}" for what, times in sent_votes.in_polls.most_common())
    )
    taken = sum(excluded.total.votes for excluded in contents.excluded.values())
    yield (
        f"{len(contents.results)} results published and recounted; rulings exclude {taken} votes"
    )
    if sent_votes.refusals:
        kinds = ", ".join(f"{n} x {kind}" for kind, n in sent_votes.refusals.most_common())
        yield f"refused, can be retried: {kinds}"
    for name, times in outcome.ended.items():
        yield f"stopped unexpectedly and restarted: {name}, {times} times"
    for violation in outcome.violations:
        yield f"BROKEN  {violation}"
    if not outcome.violations:
        yield "every acknowledged vote counts once"


def _line(cells: list[str]) -> str:
    (_, width), *others = _COLUMNS
    padded = [f"{cells[0]:{width}}"]
    padded += [f"{cell:>{w}}" for cell, (_, w) in zip(cells[1:], others, strict=True)]
    return "  ".join(padded)
