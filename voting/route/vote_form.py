"""The JSON object that a client sends as its vote, and how its first error is found.

msgspec describes an error only as text that quotes the client. That text is never parsed: an
invalid object is decoded again, field by field.
"""

import time
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from voting.domain.vote import (
    MARKS_MAX,
    NO_IDS,
    RANK_MAX,
    RANK_MIN,
    TEXT_MAX,
    YEAR_MAX,
    YEAR_MIN,
    InvalidVoteError,
    Route,
    Vote,
    clean_text,
)

# The decimal digits of every valid year and rank, in regular expressions that mean the same in
# Python and ECMAScript.
YEAR_DIGITS: Final = "(?:19[0-9][0-9]|20[0-9][0-9]|2100)"
RANK_DIGITS: Final = "(?:[1-9][0-9]?|100)"

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
        Annotated[int, Meta(ge=YEAR_MIN, le=YEAR_MAX)]
        | Annotated[str, Meta(pattern=rf"\A{YEAR_DIGITS}\Z")],
        Meta(description=f"The year of release, {_NUMBER_RULE}", examples=[1973]),
    ]
    rank: Annotated[
        Annotated[int, Meta(ge=RANK_MIN, le=RANK_MAX)]
        | Annotated[str, Meta(pattern=rf"\A{RANK_DIGITS}\Z")],
        Meta(description=f"The rating, {_NUMBER_RULE}", examples=[29]),
    ]
    id: Annotated[
        str | None,
        Meta(
            description=_ID_RULE,
            extra_json_schema={"format": "uuid", "not": {"enum": sorted(NO_IDS)}},
        ),
    ] = None

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


# Lax: in JSON and its schemas, 1973.0 is a whole number like 1973.
_STRICT: Final = False
decode_form = msgspec.json.Decoder(VoteForm, strict=_STRICT).decode

_NUMBERS: Final = {
    "year": f"must be a whole number from {YEAR_MIN} to {YEAR_MAX}",
    "rank": f"must be a whole number from {RANK_MIN} to {RANK_MAX}",
}
_FIELDS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    field.name: msgspec.json.Decoder(field.type, strict=_STRICT)
    for field in msgspec.structs.fields(VoteForm)
}
_REQUIRED: Final = [field.name for field in msgspec.structs.fields(VoteForm) if field.required]
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def find_fault(body: bytes) -> InvalidVoteError | None:
    """Return the first error in an object that `decode_form` rejects.

    None means that no single field is invalid: a field was given twice. Raises
    `msgspec.ValidationError` if the body is JSON but not an object, `msgspec.DecodeError` or
    `UnicodeDecodeError` if it is not JSON.
    """
    values = _decode_object(body)
    for name, value in values.items():
        if name not in _FIELDS:
            return InvalidVoteError(_shown(name), "is not a field of a vote")
        try:
            _FIELDS[name].decode(value)
        except msgspec.ValidationError:
            return InvalidVoteError(name, _NUMBERS.get(name, "must be a string"))
    missing = (name for name in _REQUIRED if name not in values)
    return next((InvalidVoteError(name, "is missing") for name in missing), None)


def _shown(name: str) -> str:
    """Return a field's name safe to show: short, with unprintable characters escaped."""
    if len(name) > _NAME_MAX:
        name = name[: _NAME_MAX - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
