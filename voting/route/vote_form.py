"""The JSON object that a client sends as its vote, and how its first error is found.

msgspec describes an error only as text that quotes the client. That text is never parsed: an
invalid object is decoded again, field by field.
"""

import time
from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from voting.domain.vote import (
    MARKS_MAX,
    NO_IDS,
    RANK_MAX,
    RANK_MIN,
    SLUG_MAX,
    TEXT_MAX,
    YEAR_MAX,
    YEAR_MIN,
    InvalidVoteError,
    Route,
    Vote,
    clean_text,
)
from voting.polls.definition import Entry
from voting.polls.known_polls import KnownPoll, KnownPolls
from voting.voters.rules import VOTES_MAX
from voting.voters.token import TOKEN_LENGTH

# The decimal digits of every valid year, rank and slot, in expressions that mean the same in
# Python and ECMAScript.
YEAR_DIGITS: Final = "(?:19[0-9][0-9]|20[0-9][0-9]|2100)"
RANK_DIGITS: Final = "(?:[1-9][0-9]?|100)"
SLOT_DIGITS: Final = RANK_DIGITS

_NAME_MAX: Final = 64  # characters shown of an unknown field's name


_TEXT: Final[dict[str, Any]] = {"minLength": 1, "maxLength": TEXT_MAX}
_TEXT_RULE: Final = (
    f"1 to {TEXT_MAX} characters after trimming, normalisation to Unicode NFC and removal of "
    "invisible characters (default-ignorable and bidi control characters, except those that shape "
    "emoji or letters). At least one must be visible. Control characters, line breaks and more "
    f"than {MARKS_MAX} combining marks in a row are refused."
)
_NUMBER_RULE: Final = "as a number or as a string of decimal digits."
_ID_RULE: Final = (
    "Makes retries safe: a vote counts once per id, with the content first sent under it. Use a "
    "random UUID that nobody can guess. Generated if absent or null. The nil and max UUIDs are "
    "refused."
)


_Year = (
    Annotated[int, Meta(ge=YEAR_MIN, le=YEAR_MAX)]
    | Annotated[str, Meta(pattern=rf"\A{YEAR_DIGITS}\Z")]
)
_Rank = (
    Annotated[int, Meta(ge=RANK_MIN, le=RANK_MAX)]
    | Annotated[str, Meta(pattern=rf"\A{RANK_DIGITS}\Z")]
)
_Slot = (
    Annotated[int, Meta(ge=1, le=VOTES_MAX)] | Annotated[str, Meta(pattern=rf"\A{SLOT_DIGITS}\Z")]
)
_Id = Annotated[
    str | None,
    Meta(
        description=_ID_RULE,
        extra_json_schema={"format": "uuid", "not": {"enum": sorted(NO_IDS)}},
    ),
]


class VoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """A vote as a client sends it. Existing clients send numbers as strings of decimal digits."""

    # The OpenAPI document is generated from this. Rules in `extra_json_schema` are only documented
    # here; `clean_text` and `clean_new_id` check them later.
    name: Annotated[
        str,
        Meta(
            description=f"Who made the album. {_TEXT_RULE}",
            examples=["Pink Floyd"],
            extra_json_schema=_TEXT,
        ),
    ]
    album: Annotated[
        str,
        Meta(
            description=f"The album's title. {_TEXT_RULE}",
            examples=["The Dark Side of the Moon"],
            extra_json_schema=_TEXT,
        ),
    ]
    year: Annotated[
        _Year,
        Meta(description=f"The year of release, {_NUMBER_RULE}", examples=[1973]),
    ]
    rank: Annotated[
        _Rank,
        Meta(description=f"The rating, {_NUMBER_RULE}", examples=[29]),
    ]
    id: _Id = None

    def vote(self, vote_id: str, route: Route) -> Vote:
        """Return the vote that is cast now with this form; raise `InvalidVoteError` for a fault."""
        return Vote(
            name=clean_text("name", self.name),
            album=clean_text("album", self.album),
            year=int(self.year),
            rank=int(self.rank),
            id=vote_id,
            route=route,
            cast_at_ms=time.time_ns() // 1_000_000,
        )


class PollVoteForm(msgspec.Struct, forbid_unknown_fields=True):
    """A vote in a poll as a client sends it, for `entry` or for `name`, `album` and `year`."""

    poll: Annotated[
        str, Meta(description="The poll's id.", examples=["album-of-the-year"], max_length=SLUG_MAX)
    ]
    rank: Annotated[
        _Rank,
        Meta(description=f"The rating, on the poll's scale, {_NUMBER_RULE}", examples=[29]),
    ]
    entry: Annotated[
        str | None,
        Meta(description="The entry's id.", examples=["dark-side"]),
    ] = None
    name: Annotated[
        str | None, Meta(description="Who made the entry's album, instead of `entry`.")
    ] = None
    album: Annotated[str | None, Meta(description="The album's title.")] = None
    year: Annotated[
        _Year | None, Meta(description=f"The album's year of release, {_NUMBER_RULE}")
    ] = None
    voter: Annotated[
        str | None,
        Meta(
            description="The voter's token, where the poll needs one. It is a secret.",
            extra_json_schema={"minLength": TOKEN_LENGTH, "maxLength": TOKEN_LENGTH},
        ),
    ] = None
    slot: Annotated[
        _Slot | None,
        Meta(description=f"Which of a voter's several votes this is, from 1, {_NUMBER_RULE}"),
    ] = None
    id: _Id = None

    def vote(
        self, own_id: str | None, new_id: Callable[[], str], route: Route, polls: KnownPolls
    ) -> Vote:
        """Return the vote that is cast now with this form; `own_id` is the client's, if any.

        Raises `InvalidVoteError` for a fault or a poll that takes no votes, `StalePollsError` when
        that cannot be known, and `NoVoterKeyError`.
        """
        now_ms = time.time_ns() // 1_000_000
        known = polls.open_poll(self.poll, now_ms)
        entry = self._entry_of(known)
        rank = known.check_rank(int(self.rank))
        voter_class = 0
        if known.has_voters:
            vote_id, voter_class = self._ballot_id(known, entry, own_id)
        elif self.voter is None and self.slot is None:
            vote_id = own_id or new_id()
        else:
            field = "slot" if self.voter is None else "voter"
            raise InvalidVoteError(field, "must be left out: this poll has no voters' tokens")
        return Vote(
            name=entry.name,
            album=entry.album,
            year=entry.year,
            rank=rank,
            id=vote_id,
            route=route,
            cast_at_ms=now_ms,
            poll=self.poll,
            entry=entry.id,
            poll_event=polls.book.number,
            voter_class=voter_class,
        )

    def _ballot_id(self, poll: KnownPoll, entry: Entry, own_id: str | None) -> tuple[str, int]:
        if own_id is not None:
            raise InvalidVoteError("id", "must be left out: it follows from the voter's token")
        slot = None if self.slot is None else int(self.slot)
        return poll.ballot_id(self.voter, slot, entry.id)

    def _entry_of(self, poll: KnownPoll) -> Entry:
        if self.entry is not None:
            if self.name is None and self.album is None and self.year is None:
                return poll.entry(self.entry)
            given = (
                field for field in ("name", "album", "year") if getattr(self, field) is not None
            )
            raise InvalidVoteError(next(given), "must be left out beside entry")
        if self.name is None or self.album is None or self.year is None:
            missing = [field for field in ("name", "album", "year") if getattr(self, field) is None]
            raise InvalidVoteError("entry" if len(missing) == 3 else missing[0], "is missing")
        name, album = clean_text("name", self.name), clean_text("album", self.album)
        return poll.entry_named(name, album, int(self.year))


# Lax: in JSON and its schemas, 1973.0 is a whole number like 1973.
_STRICT: Final = False
_decode_open = msgspec.json.Decoder(VoteForm, strict=_STRICT).decode
_decode_in_poll = msgspec.json.Decoder(PollVoteForm, strict=_STRICT).decode

# What most bodies of votes in polls contain, and of others only those that say so in a text.
_POLL_FIELD: Final = b'"poll"'

_NUMBERS: Final = {
    "year": f"must be a whole number from {YEAR_MIN} to {YEAR_MAX}",
    "rank": f"must be a whole number from {RANK_MIN} to {RANK_MAX}",
    "slot": f"must be a whole number from 1 to {VOTES_MAX}",
    "poll": f"must be a string of at most {SLUG_MAX} characters",
}


class _Fields(NamedTuple):
    """The fields of a form: how each is decoded, and which there must be."""

    decoders: dict[str, msgspec.json.Decoder[Any]]
    required: list[str]

    @classmethod
    def of(cls, form: type[msgspec.Struct]) -> _Fields:
        """Return the fields of this type."""
        fields = msgspec.structs.fields(form)
        return cls(
            {field.name: msgspec.json.Decoder(field.type, strict=_STRICT) for field in fields},
            [field.name for field in fields if field.required],
        )


_OPEN: Final = _Fields.of(VoteForm)
_IN_POLL: Final = _Fields.of(PollVoteForm)
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def decode_vote(body: bytes) -> VoteForm | PollVoteForm:
    """Return the form in a body; `msgspec.DecodeError` or `UnicodeDecodeError` if there is none."""
    hint = _POLL_FIELD in body
    try:
        return _decode_in_poll(body) if hint else _decode_open(body)
    except msgspec.ValidationError:
        if ("poll" in _decode_object(body)) == hint:
            raise
        return _decode_open(body) if hint else _decode_in_poll(body)


def find_fault(body: bytes) -> InvalidVoteError | None:
    """Return the first fault of an object that cannot be decoded as a vote.

    None means that no single field is invalid: a field was given twice. Raises
    `msgspec.ValidationError` if the body is JSON but not an object, `msgspec.DecodeError` or
    `UnicodeDecodeError` if it is not JSON.
    """
    values = _decode_object(body)
    fields = _IN_POLL if "poll" in values else _OPEN
    for name, value in values.items():
        if name not in fields.decoders:
            return InvalidVoteError(_shown(name), "is not a field of a vote")
        try:
            fields.decoders[name].decode(value)
        except msgspec.ValidationError:
            return InvalidVoteError(name, _NUMBERS.get(name, "must be a string"))
    missing = (name for name in fields.required if name not in values)
    return next((InvalidVoteError(name, "is missing") for name in missing), None)


def _shown(name: str) -> str:
    """Return a field's name safe to show: short, with unprintable characters escaped."""
    if len(name) > _NAME_MAX:
        name = name[: _NAME_MAX - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
