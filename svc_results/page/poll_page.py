"""Renders a poll's page, its screen, and the page for a poll that cannot be shown."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec

from svc_results.page.poll_messages import POLL_CATALOGUE, VOTER_CATALOGUE
from svc_results.page.result_words import result_rules
from svc_results.page.templates import TEMPLATES
from svc_results.polls.poll_snapshot import EntryCount, PollSnapshot
from svc_results.polls.poll_state import Phase, PollEntry, PollState
from voting.pages.languages import Language
from voting.pages.numbers import format_number, format_percent
from voting.polls.definition import ShowResult
from voting.voters.rules import Way

_POLL: Final = TEMPLATES.get_template("poll.html")
_SCREEN: Final = TEMPLATES.get_template("screen.html")
_NO_POLL: Final = TEMPLATES.get_template("no_poll.html")

# Scales up to this long are buttons, longer ones a slider.
BUTTONS_MAX: Final = 10
# From this many entries on there is a field to find one.
FIND_MIN: Final = 13
# Rows that a screen has room for.
SCREEN_ROWS: Final = 10
# Classes of voters for whose votes a row of a screen has room.
SCREEN_CLASSES: Final = 3
# Without a script, a page that waits for something is loaded again after this long.
_AGAIN_SECONDS: Final = 15

_NO_VOTES: Final = EntryCount("", 1, 0, 0)


class _Row(NamedTuple):
    """A row of the result: an entry, and its numbers if they may be seen."""

    entry: PollEntry
    counts: EntryCount


def render_poll(
    language: Language,
    poll: PollState,
    snapshot: PollSnapshot,
    static_root: str,
    voted: str | None = None,
) -> str:
    """Return the poll's page. `voted` is the id of a vote that the browser just sent as a form."""
    ranks = range(poll.rank_min, poll.rank_max + 1)
    return _POLL.render(
        **_context(language, poll, snapshot, static_root),
        voted=None if poll.voters else voted,
        form_id=uuid4(),
        ranks=ranks if len(ranks) <= BUTTONS_MAX else None,
        pick=len(ranks) == 1,
        takes_codes=takes_codes(poll),
        find=len(poll.entries) >= FIND_MIN,
        again_seconds=_AGAIN_SECONDS,
    )


def takes_codes(poll: PollState) -> bool:
    """Whether the poll's page takes codes, which can be scanned."""
    return poll.voters is not None and Way.CODES in poll.voters.ways


def render_screen(
    language: Language,
    poll: PollState,
    snapshot: PollSnapshot,
    static_root: str,
    *,
    address: str,
    transparent: bool,
) -> str:
    """Return the poll's screen. `address` is where to vote, as people type it."""
    return _SCREEN.render(
        **_context(language, poll, snapshot, static_root),
        pick=poll.rank_min == poll.rank_max,
        address=address,
        transparent=transparent,
        screen_rows=SCREEN_ROWS,
        few_classes=SCREEN_CLASSES,
    )


def render_no_poll(language: Language, static_root: str, *, known: bool) -> str:
    """Return the page for a poll that does not exist, or, unless `known`, perhaps does not."""
    return _NO_POLL.render(
        m=POLL_CATALOGUE[language], language=language, static=static_root, known=known
    )


def _context(
    language: Language, poll: PollState, snapshot: PollSnapshot, static_root: str
) -> dict[str, Any]:
    rows = list(_rows(poll, snapshot))
    rules = result_rules(language, poll)
    live = msgspec.to_builtins(snapshot)
    voters = VOTER_CATALOGUE[language] if poll.voters else {}
    return {
        "m": {**POLL_CATALOGUE[language], **voters},
        "language": language,
        "other": "en" if language == "es" else "es",
        "number": partial(format_number, language),
        "percent": partial(format_percent, language),
        "poll": poll,
        "title": poll.titles.es if language == "es" else poll.titles.en,
        "snapshot": snapshot,
        "data": {
            "id": poll.id,
            "at": poll.at,
            "rank_min": poll.rank_min,
            "rank_max": poll.rank_max,
            "show_result": poll.show_result,
            "voters": msgspec.to_builtins(poll.voters),
            **rules.data,
            # The rows have the numbers already.
            "snapshot": {**live, "result": None},
        },
        "rows": rows,
        "rules": rules,
        "class_votes": _class_votes(snapshot) or [0] * len(rules.classes),
        "most": max(_measure(row.counts) for row in rows) or 1,
        "measure": _measure,
        "votes": snapshot.votes,
        "excluded": _excluded(language, snapshot),
        "waiting": _waiting(poll, snapshot),
        "static": static_root,
    }


def _excluded(language: Language, snapshot: PollSnapshot) -> str:
    """Return in words how many votes rulings exclude; nothing without rulings."""
    if not snapshot.rulings:
        return ""
    number = partial(format_number, language)
    return POLL_CATALOGUE[language]["excluded"].format(
        counted=number(snapshot.votes + snapshot.excluded), excluded=number(snapshot.excluded)
    )


def _rows(poll: PollState, snapshot: PollSnapshot) -> Iterator[_Row]:
    """Yield the entries in the order of the result, else of the definition."""
    entries = {entry.id: entry for entry in poll.entries}
    for count in snapshot.result or ():
        yield _Row(entries.pop(count.id), count)
    for entry in entries.values():
        yield _Row(entry, _NO_VOTES)


def _measure(counts: EntryCount) -> float:
    """Return what an entry's bar shows: its votes or, where classes are weighed, its score."""
    return counts.votes if counts.score is None else counts.score


def _class_votes(snapshot: PollSnapshot) -> list[int]:
    """Return the votes of each class; empty where none are known."""
    votes = [row.class_votes for row in snapshot.result or () if row.class_votes is not None]
    return [sum(column) for column in zip(*votes, strict=True)]


def _waiting(poll: PollState, snapshot: PollSnapshot) -> str:
    """Return the key of the text that says when the result will be seen."""
    if poll.show_result is ShowResult.ON_RELEASE:
        return "result_released"
    if poll.show_result is ShowResult.LIVE:
        return "result_live"
    return "result_soon" if snapshot.phase is Phase.CLOSED else "result_follows"
