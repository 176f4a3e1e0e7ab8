"""The tables of the trial, in Markdown that is readable as it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chaos.hostile_trial.result import Result, counts_text, p99

_VOTERS = (
    "client",
    "acknowledged",
    "refused",
    "p99 calm (ms)",
    "p99 (ms)",
    "slowest (s)",
    "longest gap (s)",
    "readers refused",
    "readers' p99 (s)",
)


def tables(results: Sequence[Result], limits: Mapping[str, float]) -> str:
    """Return the tables of the voters, of each process's usage, and of the clients' responses."""
    names = list(results[0].usage) if results else []
    titles = [f"{name} ({limits[name]:.0f})" if name in limits else name for name in names]
    return "\n".join(
        [
            "Voters and readers alongside each client:",
            "",
            *_table(_VOTERS, (_voters(result) for result in results)),
            "",
            "Peak memory in MB (pod limit), and processors used:",
            "",
            *_table(["client", *titles, "all TCP"], (_usage(result) for result in results)),
            "",
            "Responses to the clients:",
            "",
            *_table(["client", "answers", "most"], (_responses(result) for result in results)),
        ]
    )


def _voters(result: Result) -> list[str]:
    return [
        result.client,
        str(len(result.during)),
        str(result.refused.total()),
        f"{p99(result.calm) * 1000:.0f}",
        f"{p99(result.during) * 1000:.0f}",
        f"{max(result.during, default=0):.2f}",
        f"{result.longest_gap:.1f}",
        str(result.readers_refused.total()),
        f"{p99(result.readers):.2f}",
    ]


def _usage(result: Result) -> list[str]:
    taken = [f"{usage.memory:.0f}, {usage.processors:.2f}" for usage in result.usage.values()]
    return [result.client, *taken, f"{result.sockets:.0f}"]


def _responses(result: Result) -> list[str]:
    peaks = ", ".join(f"{what}: {value:.1f}" for what, value in result.record.peaks.items())
    return [result.client, counts_text(result.record.answers), peaks]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(titles)
    yield _row(["---"] * len(titles))
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
