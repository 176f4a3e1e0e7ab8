"""The report as a table, for the terminal and for a page of Markdown."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.report.report import CaseRow, Report
from loadtest.model.estimate import Estimate

_HEAD: Final = (
    *("case", "CPU µs/vote", "95 %", "of the floor", "95 %"),
    *("votes/s", "p50 ms", "p99 ms"),
)
_BEFORE: Final = ("of before", "95 %")


def text_table(report: Report) -> str:
    """Return the table for a terminal."""
    lines = _lines(report)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown_table(report: Report) -> str:
    """Return the table in Markdown, with a line about the machine and the run."""
    head, *rows = _lines(report)
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    table = "\n".join(f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines)
    bullets = "".join(f"- {line}\n" for line in findings(report))
    return f"{table}\n\n{bullets}\n{source(report)}\n"


def source(report: Report) -> str:
    """Return the line about the machine and the run."""
    facts = report.machine
    return (
        f"{report.at}; {facts.cores} cores, {facts.processor}; Python {facts.python}, "
        f"{', '.join(f'{name} {version}' for name, version in facts.packages.items())}; "
        f"{report.rounds} rounds of turns of {report.turn_seconds:g} s; "
        f"load average before the start {facts.load_before:.1f}."
    )


def findings(report: Report) -> Iterator[str]:
    """Yield what the table does not show."""
    rows = {row.name: row for row in report.rows}
    for row in report.rows:
        if row.visible_p99_ms is not None:
            yield (
                f"{row.name}: acknowledged to visible p50 {row.visible_p50_ms:.0f} ms, "
                f"p99 {row.visible_p99_ms:.0f} ms ({row.probes} probes)"
            )
    parts = [rows.get(name) for name in ("consumer-full", "consumer-redis", "consumer-alone")]
    if all(parts) and (costs := [row.cpu_us for row in parts if row and row.cpu_us]):
        whole, without_log, alone = (cost.value for cost in costs)
        yield (
            f"the consumer: Kafka's client, decoding and the rules {alone:.1f}, Redis' client "
            f"{without_log - alone:.1f}, MongoDB's client {whole - without_log:.1f} µs per vote; "
            f"{1e6 / whole:,.0f} votes/s per core, {1e6 / without_log:,.0f} without MongoDB's"
        )
    if cost := next((row.generator_us for row in report.rows if row.name == "floor-64"), None):
        yield f"the load generator uses {cost.value:.1f} µs per vote, not included in any case"


def _lines(report: Report) -> list[Sequence[str]]:
    """Return the head and the rows, with the ratio to an older version where there is one."""
    lines = [_HEAD, *(line for row in report.rows for line in _cells(row))]
    if not any(row.to_before for row in report.rows):
        return lines
    more = {
        row.name: (_number(row.to_before, 2), _interval(row.to_before, 2)) for row in report.rows
    }
    more[_HEAD[0]] = _BEFORE
    return [(*line, *more.get(line[0], ("", ""))) for line in lines]


def _cells(row: CaseRow) -> Iterator[Sequence[str]]:
    yield (
        row.name,
        _number(row.cpu_us),
        _interval(row.cpu_us),
        _number(row.to_floor, 2),
        _interval(row.to_floor, 2),
        _number(row.votes_per_second),
        _ms(row.p50_ms),
        _ms(row.p99_ms),
    )
    if row.idle_percent:
        yield from (_part(name, row.idle_percent[name], 3, " % of a core") for name in row.own)
    elif len(row.own) > 1:
        yield from (_part(name, row.processes[name]) for name in row.own)


def _part(
    name: str, found: Estimate | None, digits: int | None = None, unit: str = ""
) -> Sequence[str]:
    cost, interval = _number(found, digits), _interval(found, digits)
    return (f"  of it {name}", f"{cost}{unit}", interval, "", "", "", "", "")


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.{2 if value < 10 else 0}f}"


def _number(estimate: Estimate | None, digits: int | None = None) -> str:
    if estimate is None:
        return "-"
    value = estimate.value
    digits = digits if digits is not None else 0 if value >= 100 else 1
    return f"{value:,.{digits}f}"


def _interval(estimate: Estimate | None, digits: int | None = None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    digits = digits if digits is not None else 0 if estimate.value >= 100 else 1
    return f"{estimate.low:,.{digits}f}-{estimate.high:,.{digits}f}"
