"""What an organiser defines: a poll's entries, scale and window, and when its result is shown."""

from collections import Counter
from enum import StrEnum
from typing import Final

import msgspec

from voting.domain.vote import (
    RANK_MAX,
    RANK_MIN,
    SLUG_RULE,
    VOTER_CLASS_MAX,
    YEAR_MAX,
    YEAR_MIN,
    InvalidVoteError,
    check_range,
    clean_text,
    is_slug,
)
from voting.voters.keys import KEY_NUMBER_MAX
from voting.voters.rules import (
    VOTES_MAX,
    WEIGHT_MAX,
    VoterClass,
    VoterRules,
)

ENTRIES_MAX: Final = 500
# Entries times classes of voters: what is counted apart, and read together for one answer.
COUNTS_MAX: Final = 2_000
# The rules for ties; a class is named behind the prefix.
RANK_SUM: Final = "rank-sum"
VOTES: Final = "votes"
CLASS_PREFIX: Final = "class:"
ORDER: Final = "order"
RELEASERS_MAX: Final = 2
# Milliseconds; the shortest leaves Kafka time to acknowledge a vote.
ANSWER_WITHIN_MIN_MS, ANSWER_WITHIN_MAX_MS = 1_000, 60_000


class InvalidPollError(ValueError):
    """A definition breaks a rule: `field` names the field, `reason` says which rule."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ShowResult(StrEnum):
    """From when on the audience may see the result."""

    LIVE = "live"
    ON_CLOSE = "on_close"
    ON_RELEASE = "on_release"


class Titles(msgspec.Struct, frozen=True):
    """A poll's title in the languages of the pages."""

    en: str
    es: str


class Entry(msgspec.Struct, frozen=True):
    """One thing to vote for; `id` is unique in its poll, and so are the other three together."""

    id: str
    name: str
    album: str
    year: int


class PollDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a poll but what happens to it. Times are Unix times in milliseconds.

    Without `opens_at_ms` or `closes_at_ms`, an organiser opens or closes the poll by hand. A vote
    is answered within `answer_within_ms` or not accepted, so that it is known when the last vote
    of a closed poll has been accepted. Without `voters` anybody votes, as often as they like.

    `ties` says how entries of equal score are ordered, the first rule first: by `RANK_SUM`, by
    `VOTES` of all classes, by the votes of a class (`class:NAME`), and at the end by `ORDER`, which
    is that of `entries`. Without, rank sums decide, and what is still equal shares a place.

    `releasers` is how many people release a result that is shown on release. If it is more than
    one, it must have been published before.
    """

    titles: Titles
    entries: tuple[Entry, ...]
    rank_min: int = RANK_MIN
    rank_max: int = RANK_MAX
    opens_at_ms: int | None = None
    closes_at_ms: int | None = None
    show_result: ShowResult = ShowResult.LIVE
    rehearsal: bool = False
    voters: VoterRules | None = None
    ties: tuple[str, ...] = ()
    releasers: int = 1
    answer_within_ms: int


def check_slug(field: str, slug: str) -> str:
    """Return an id of a poll or an entry, or raise `InvalidPollError`."""
    if not is_slug(slug):
        raise InvalidPollError(field, SLUG_RULE)
    return slug


def clean_definition(definition: PollDefinition) -> PollDefinition:
    """Return the definition with its texts trimmed and normalised, as votes' texts are.

    Raises `InvalidPollError` for the first rule that it breaks.
    """
    if not 1 <= len(definition.entries) <= ENTRIES_MAX:
        raise InvalidPollError("entries", f"must be 1 to {ENTRIES_MAX}")
    titles = Titles(
        _clean("titles.en", definition.titles.en), _clean("titles.es", definition.titles.es)
    )
    entries = tuple(
        _clean_entry(f"entries[{number}]", entry) for number, entry in enumerate(definition.entries)
    )
    _check_unique("id", Counter(entry.id for entry in entries))
    _check_unique(
        "name, album and year", Counter((entry.name, entry.album, entry.year) for entry in entries)
    )
    if not RANK_MIN <= definition.rank_min <= definition.rank_max <= RANK_MAX:
        raise InvalidPollError("rank_min", f"the scale must lie in {RANK_MIN} to {RANK_MAX}")
    for field in ("opens_at_ms", "closes_at_ms"):
        value = getattr(definition, field)
        if value is not None and value <= 0:
            raise InvalidPollError(field, "must be positive")
    opens, closes = definition.opens_at_ms, definition.closes_at_ms
    if opens is not None and closes is not None and closes <= opens:
        raise InvalidPollError("closes_at_ms", "must be after the poll opens")
    if not ANSWER_WITHIN_MIN_MS <= definition.answer_within_ms <= ANSWER_WITHIN_MAX_MS:
        raise InvalidPollError(
            "answer_within_ms", f"must be from {ANSWER_WITHIN_MIN_MS} to {ANSWER_WITHIN_MAX_MS}"
        )
    if definition.voters is not None:
        _check_voters(definition.voters)
        if len(entries) * len(definition.voters.classes) > COUNTS_MAX:
            raise InvalidPollError(
                "voters.classes", f"times entries must be at most {COUNTS_MAX:,}"
            )
    _check_ties(definition)
    if not 1 <= definition.releasers <= RELEASERS_MAX:
        raise InvalidPollError("releasers", f"must be from 1 to {RELEASERS_MAX}")
    if definition.releasers > 1 and definition.show_result is not ShowResult.ON_RELEASE:
        raise InvalidPollError("releasers", f"needs show_result {ShowResult.ON_RELEASE}")
    return msgspec.structs.replace(definition, titles=titles, entries=entries)


def _check_voters(rules: VoterRules) -> None:
    check_slug("voters.scope", rules.scope)
    if not 1 <= rules.key <= KEY_NUMBER_MAX:
        raise InvalidPollError("voters.key", f"must be from 1 to {KEY_NUMBER_MAX}")
    if not 1 <= rules.votes <= VOTES_MAX:
        raise InvalidPollError("voters.votes", f"must be from 1 to {VOTES_MAX}")
    if rules.per_entry and rules.votes > 1:
        raise InvalidPollError("voters.votes", "must be left out with per_entry")
    _check_classes(rules.classes)
    if len(set(rules.ways)) < len(rules.ways):
        raise InvalidPollError("voters.ways", "must name each way once")
    if rules.ways and all(one.number for one in rules.classes):
        # Browsers and accounts are of this class.
        raise InvalidPollError("voters.classes", "must have the number 0 where there are ways")


def _check_classes(classes: tuple[VoterClass, ...]) -> None:
    if not 1 <= len(classes) <= VOTER_CLASS_MAX + 1:
        raise InvalidPollError("voters.classes", f"must be 1 to {VOTER_CLASS_MAX + 1}")
    for at, one in enumerate(classes):
        field = f"voters.classes[{at}]"
        check_slug(f"{field}.name", one.name)
        if not 0 <= one.number <= VOTER_CLASS_MAX:
            raise InvalidPollError(f"{field}.number", f"must be from 0 to {VOTER_CLASS_MAX}")
        if not 1 <= one.weight <= WEIGHT_MAX:
            raise InvalidPollError(f"{field}.weight", f"must be from 1 to {WEIGHT_MAX}")
        for other in classes[:at]:
            if one.name == other.name:
                raise InvalidPollError(f"{field}.name", f"is given twice: {one.name}")
            if one.number == other.number:
                raise InvalidPollError(f"{field}.number", f"is given twice: {one.number}")


def _check_ties(definition: PollDefinition) -> None:
    ties = definition.ties
    if not ties:
        return
    voters = definition.voters
    known = {RANK_SUM, VOTES, ORDER}
    known |= {CLASS_PREFIX + one.name for one in (voters.classes if voters else ())}
    for at, rule in enumerate(ties):
        if rule not in known:
            raise InvalidPollError(f"ties[{at}]", f"must be one of {', '.join(sorted(known))}")
        if rule in ties[:at]:
            raise InvalidPollError(f"ties[{at}]", f"is given twice: {rule}")
    if ties[-1] != ORDER:
        raise InvalidPollError("ties", f"must end with {ORDER}, so that every tie is decided")


def _clean_entry(field: str, entry: Entry) -> Entry:
    try:
        year = check_range("year", entry.year, YEAR_MIN, YEAR_MAX)
    except InvalidVoteError as error:
        raise InvalidPollError(f"{field}.year", error.reason) from error
    return Entry(
        id=check_slug(f"{field}.id", entry.id),
        name=_clean(f"{field}.name", entry.name),
        album=_clean(f"{field}.album", entry.album),
        year=year,
    )


def _clean(field: str, text: str) -> str:
    try:
        return clean_text(field, text)
    except InvalidVoteError as error:
        raise InvalidPollError(field, error.reason) from error


def _check_unique(what: str, counts: Counter[str] | Counter[tuple[str, str, int]]) -> None:
    for value, count in counts.items():
        if count > 1:
            raise InvalidPollError("entries", f"{count} entries have the same {what}: {value}")
