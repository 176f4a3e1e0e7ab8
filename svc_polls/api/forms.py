"""What organisers send, as JSON or in a file, and what is wrong with it. No I/O here."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from voting.domain.times import from_rfc3339, to_rfc3339_or_none
from voting.domain.vote import (
    RANK_MAX,
    RANK_MIN,
    SLUG_MAX,
    SLUG_RULE,
    TEXT_MAX,
    VOTER_CLASS_MAX,
    YEAR_MAX,
    YEAR_MIN,
)
from voting.polls.definition import (
    ENTRIES_MAX,
    RELEASERS_MAX,
    Entry,
    InvalidPollError,
    PollDefinition,
    ShowResult,
    Titles,
    clean_definition,
)
from voting.polls.event import Revoke
from voting.voters.keys import KEY_NUMBER_MAX
from voting.voters.rules import (
    BATCH_MAX,
    VOTES_MAX,
    WEIGHT_MAX,
    VoterClass,
    VoterRules,
    Way,
)

_SHOWN_MAX: Final = 200  # characters shown of what is wrong
# Of msgspec's messages: they end with a path of our fields and of numbers.
_FAULT: Final = re.compile(r"(.*) - at `\$\.?([\w.\[\]]*)`", re.DOTALL)

_TEXT: Final = {"minLength": 1, "maxLength": TEXT_MAX}
_TIME: Final = {"format": "date-time"}
_RANK: Final = {"minimum": RANK_MIN, "maximum": RANK_MAX}
SLUG_SCHEMA: Final = {
    "pattern": "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
    "minLength": 1,
    "maxLength": SLUG_MAX,
}

type Text = Annotated[str, Meta(extra_json_schema=_TEXT)]
type Slug = Annotated[str, Meta(description=f"An id: {SLUG_RULE}.", extra_json_schema=SLUG_SCHEMA)]
# The schemas state the rules of the domain, which `clean_definition` applies.
type Time = Annotated[str, Meta(extra_json_schema=_TIME)]


class TitlesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A poll's title in the languages of the pages."""

    en: Text
    es: Text


class EntryForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to vote for."""

    id: Annotated[
        str,
        Meta(description=f"Unique in its poll; {SLUG_RULE}.", extra_json_schema=SLUG_SCHEMA),
    ]
    name: Annotated[str, Meta(description="Who made the album.", extra_json_schema=_TEXT)]
    album: Annotated[str, Meta(description="The album's title.", extra_json_schema=_TEXT)]
    year: Annotated[int, Meta(extra_json_schema={"minimum": YEAR_MIN, "maximum": YEAR_MAX})]


class ScaleForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ranks that a vote may give; where both are 1, a vote picks one entry."""

    min: Annotated[int, Meta(extra_json_schema=_RANK)] = RANK_MIN
    max: Annotated[int, Meta(extra_json_schema=_RANK)] = RANK_MAX


class VoterClassForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of voters, whose votes are counted apart."""

    name: Annotated[
        str,
        Meta(description=f"Like audience or jury; {SLUG_RULE}.", extra_json_schema=SLUG_SCHEMA),
    ]
    number: Annotated[
        int,
        Meta(description="The class in the voters' tokens.",
             extra_json_schema={"minimum": 0, "maximum": VOTER_CLASS_MAX}),
    ] = 0  # fmt: skip
    weight: Annotated[
        int,
        Meta(description="What the class weighs in the result, beside the others.",
             extra_json_schema={"minimum": 1, "maximum": WEIGHT_MAX}),
    ] = 1  # fmt: skip


class VotersForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may vote, and how often: each vote needs a voter's token."""

    scope: Annotated[
        str,
        Meta(description=f"Polls of the same scope share tokens; {SLUG_RULE}.",
             extra_json_schema=SLUG_SCHEMA),
    ]  # fmt: skip
    key: Annotated[
        int,
        Meta(description="The number of the key in VOTER_KEYS under which the tokens are made.",
             extra_json_schema={"minimum": 1, "maximum": KEY_NUMBER_MAX}),
    ] = 1  # fmt: skip
    votes: Annotated[
        int,
        Meta(description="How many votes each voter has.",
             extra_json_schema={"minimum": 1, "maximum": VOTES_MAX}),
    ] = 1  # fmt: skip
    per_entry: Annotated[
        bool, Meta(description="Instead of `votes`: one vote for each entry.")
    ] = False  # fmt: skip
    classes: Annotated[
        tuple[VoterClassForm, ...],
        Meta(description="Whose votes are counted apart; left out: one class, the audience.",
             extra_json_schema={"minItems": 1, "maxItems": VOTER_CLASS_MAX + 1}),
    ] = (VoterClassForm("audience"),)  # fmt: skip
    ways: Annotated[
        tuple[Way, ...],
        Meta(description="How svc_voters gives tokens: to each browser, for each code, to each "
             "account of your login. Left out: you hand them out.",
             extra_json_schema={"uniqueItems": True}),
    ] = ()  # fmt: skip


class DefinitionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about a poll but what happens to it. Times are RFC 3339, at most milliseconds."""

    titles: TitlesForm
    entries: Annotated[
        list[EntryForm], Meta(extra_json_schema={"minItems": 1, "maxItems": ENTRIES_MAX})
    ]
    scale: ScaleForm = ScaleForm()
    opens_at: Annotated[
        Time | None, Meta(description="At least 11 s ahead; null: an organiser opens it.")
    ] = None
    closes_at: Annotated[Time | None, Meta(description="null: an organiser closes it.")] = None
    show_result: Annotated[
        ShowResult,
        Meta(description="When the audience sees the result: while it grows, when it is final, or "
             "when it is released."),
    ] = ShowResult.LIVE  # fmt: skip
    rehearsal: Annotated[
        bool, Meta(description="Whether its votes are a trial; for ever.")
    ] = False  # fmt: skip
    voters: Annotated[
        VotersForm | None, Meta(description="null: anybody votes, as often as they like.")
    ] = None
    ties: Annotated[
        tuple[str, ...],
        Meta(description="How entries of equal score are ordered, the first rule first: rank-sum, "
             "votes, class:NAME, and at the end order, which is that of the entries. Left out: by "
             "rank sum; what is still equal shares a place.",
             extra_json_schema={"uniqueItems": True}),
    ] = ()  # fmt: skip
    releasers: Annotated[
        int,
        Meta(description="How many people release a result that is shown on release.",
             extra_json_schema={"minimum": 1, "maximum": RELEASERS_MAX}),
    ] = 1  # fmt: skip


class CloseForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new end of an open poll."""

    closes_at: Annotated[
        Time | None, Meta(description="At least 11 s ahead; null: as soon as possible.")
    ] = None


class RevokeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tokens to take back, for good: those of a class or those of a batch."""

    voter_class: Annotated[str | None, Meta(description="The name of a class.")] = None
    batch: Annotated[
        int | None,
        Meta(description="The number of a batch.",
             extra_json_schema={"minimum": 1, "maximum": BATCH_MAX}),
    ] = None  # fmt: skip


class CopyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"as_id": "as"}):
    """A poll's copy, which is no rehearsal. The times of the first one are not copied."""

    as_id: Slug
    opens_at: Time | None = None
    closes_at: Time | None = None


class InvalidFormError(ValueError):
    """A form breaks a rule: `field` is the path of the field, empty for the whole of it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


_FIELD_OF: Final = {
    "rank_min": "scale",
    "opens_at_ms": "opens_at",
    "closes_at_ms": "closes_at",
}


def definition_of(form: DefinitionForm, answer_within_ms: int) -> PollDefinition:
    """Return the definition in a form; raise `InvalidFormError` for the first fault."""
    definition = PollDefinition(
        titles=Titles(form.titles.en, form.titles.es),
        entries=tuple(Entry(one.id, one.name, one.album, one.year) for one in form.entries),
        rank_min=form.scale.min,
        rank_max=form.scale.max,
        opens_at_ms=read_time("opens_at", form.opens_at),
        closes_at_ms=read_time("closes_at", form.closes_at),
        show_result=form.show_result,
        rehearsal=form.rehearsal,
        voters=_voters_of(form.voters),
        ties=form.ties,
        releasers=form.releasers,
        answer_within_ms=answer_within_ms,
    )
    try:
        return clean_definition(definition)
    except InvalidPollError as error:
        raise InvalidFormError(_FIELD_OF.get(error.field, error.field), error.reason) from error


def form_of(definition: PollDefinition) -> DefinitionForm:
    """Return the form that would give this definition."""
    return DefinitionForm(
        titles=TitlesForm(definition.titles.en, definition.titles.es),
        entries=[EntryForm(one.id, one.name, one.album, one.year) for one in definition.entries],
        scale=ScaleForm(definition.rank_min, definition.rank_max),
        opens_at=to_rfc3339_or_none(definition.opens_at_ms),
        closes_at=to_rfc3339_or_none(definition.closes_at_ms),
        show_result=definition.show_result,
        rehearsal=definition.rehearsal,
        voters=_voters_form(definition.voters),
        ties=definition.ties,
        releasers=definition.releasers,
    )


def revoke_of(form: RevokeForm, definition: PollDefinition) -> Revoke:
    """Return what takes these tokens back; raise `InvalidFormError` for the first fault."""
    if (form.voter_class is None) == (form.batch is None):
        raise InvalidFormError("batch", "must be given, or else voter_class")
    if form.batch is not None:
        if not 1 <= form.batch <= BATCH_MAX:
            raise InvalidFormError("batch", f"must be from 1 to {BATCH_MAX}")
        return Revoke(batch=form.batch)
    for one in definition.voters.classes if definition.voters else ():
        if one.name == form.voter_class:
            return Revoke(voter_class=one.number)
    raise InvalidFormError("voter_class", "is not a class of this poll's voters")


def _voters_of(form: VotersForm | None) -> VoterRules | None:
    if form is None:
        return None
    return VoterRules(
        scope=form.scope,
        key=form.key,
        votes=form.votes,
        per_entry=form.per_entry,
        classes=tuple(VoterClass(one.name, one.number, one.weight) for one in form.classes),
        ways=form.ways,
    )


def _voters_form(rules: VoterRules | None) -> VotersForm | None:
    if rules is None:
        return None
    return VotersForm(
        scope=rules.scope,
        key=rules.key,
        votes=rules.votes,
        per_entry=rules.per_entry,
        classes=tuple(VoterClassForm(one.name, one.number, one.weight) for one in rules.classes),
        ways=rules.ways,
    )


def read_time(field: str, text: str | None) -> int | None:
    """Return a time in milliseconds; raise `InvalidFormError` when the text is none."""
    if text is None:
        return None
    try:
        time_ms = from_rfc3339(text)
    except ValueError as error:
        raise InvalidFormError(field, str(error)) from error
    if not time_ms:
        raise InvalidFormError(field, "must be after 1970")
    return time_ms


def fault_of(error: msgspec.ValidationError) -> InvalidFormError:
    """Return what is wrong with a form that msgspec refuses; its text may quote the sender."""
    found = _FAULT.fullmatch(str(error))
    field, reason = (found[2], found[1]) if found else ("", str(error))
    if len(reason) > _SHOWN_MAX:
        reason = reason[: _SHOWN_MAX - 1] + "…"
    return InvalidFormError(field, reason.encode("unicode_escape").decode()
                            if not reason.isprintable() else reason)  # fmt: skip
