"""What the command line prints. No I/O here."""

from collections.abc import Iterable, Sequence

from svc_polls.api.answers import Changed, HistoryEvent, PollState, PollSummary
from svc_polls.api.forms import VotersForm
from voting.polls.ruling import RulingState


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def list_lines(polls: Iterable[PollSummary]) -> list[str]:
    """Return the lines of a list of polls."""
    rows = [("poll", "phase", "event", "opens", "closes", "entries", "title")]
    for poll in polls:
        title = f"{poll.titles.en} (rehearsal)" if poll.rehearsal else poll.titles.en
        rows.append((poll.id, poll.phase, str(poll.event), _time(poll.opens_at),
                     _time(poll.closes_at), str(poll.entries), title))  # fmt: skip
    return table(rows)


def poll_lines(poll: PollState) -> list[str]:
    """Return the lines that describe a poll."""
    definition = poll.definition
    scale = definition.scale
    in_force = sum(one.state is RulingState.IN_FORCE for one in poll.rulings)
    rows = [
        ("poll", poll.id),
        ("phase", f"{poll.phase}{', released' if poll.released else ''}"),
        ("event", str(poll.event)),
        ("titles", f"{definition.titles.en} / {definition.titles.es}"),
        ("rehearsal", "yes" if definition.rehearsal else "no"),
        ("scale", f"{scale.min} to {scale.max}"),
        ("voters", _voters(definition.voters)),
        ("classes", _classes(definition.voters)),
        ("ties", ", ".join(definition.ties) or "rank-sum, then a shared place"),
        ("revoked", ", ".join(poll.revoked) or "-"),
        ("opens", _time(poll.opens_at)),
        ("closes", _time(poll.closes_at)),
        ("settles", _time(poll.settles_at)),
        ("result", _result(poll)),
        ("releasers", ", ".join(poll.released_by) or "-"),
        ("rulings", f"{len(poll.rulings)}, {in_force} in force"),
        ("published", "yes, signed" if poll.published else "no"),
        ("cut", "-" if poll.cut is None else " ".join(map(str, poll.cut))),
        ("definition", "frozen" if poll.frozen else "can be replaced"),
    ]
    entries = [(one.id, one.name, one.album, str(one.year)) for one in definition.entries]
    return [*table(rows), "", *table([("entry", "name", "album", "year"), *entries])]


def history_lines(events: Iterable[HistoryEvent]) -> list[str]:
    """Return the lines of a history."""
    rows = [("event", "when", "who", "change", "")]
    for event in events:
        what = " ".join(event.fields)
        if event.change == "close":
            what = event.closes_at or "as soon as possible"
        if event.ends is not None:
            what = " ".join(map(str, event.ends))
        if event.revoked is not None:
            what = event.revoked
        if event.ruling is not None:
            what = f"ruling {event.ruling}"
        if event.refusal is not None:
            what = f"REFUSED: {event.refusal}"
        rows.append((str(event.number), event.appended_at, event.author, event.change, what))
    return table(rows)


def changed_line(changed: Changed) -> str:
    """Return one line about a change that was made."""
    poll = changed.poll
    end = f", closes {poll.closes_at}" if poll.closes_at else ""
    when = "" if changed.effective_at == changed.appended_at else f"; from {changed.effective_at}"
    return f"{poll.id}: {poll.phase}{end} (event {changed.event}{when})"


def _result(poll: PollState) -> str:
    definition = poll.definition
    by = f" by {definition.releasers} people" if definition.releasers > 1 else ""
    return f"{definition.show_result}{by}, {'' if poll.shows_result else 'not '}shown now"


def _voters(voters: VotersForm | None) -> str:
    if voters is None:
        return "anybody, as often as they like"
    votes = "1 vote for each entry" if voters.per_entry else f"{voters.votes} each"
    ways = ", ".join(voters.ways) or "handed out"
    return f"with tokens of scope {voters.scope}, key {voters.key}; votes: {votes}; tokens: {ways}"


def _classes(voters: VotersForm | None) -> str:
    if voters is None:
        return "-"
    return ", ".join(f"{one.name} {one.number} (weight {one.weight})" for one in voters.classes)


def _time(text: str | None) -> str:
    return "by hand" if text is None else text
