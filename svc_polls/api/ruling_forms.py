"""What organisers send to rule that votes do not count. No I/O here."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from svc_polls.api.forms import InvalidFormError, Text, Time, read_time
from voting.domain.short_id import read_short_id
from voting.domain.vote import InvalidVoteError, clean_id, clean_text
from voting.polls.definition import PollDefinition
from voting.polls.event import Propose
from voting.polls.ruling import (
    RULING_IDS_MAX,
    RULINGS_MAX,
    Between,
    Lift,
    OfClass,
    Selection,
    vote_ids,
)
from voting.voters.rules import BATCH_MAX

_KINDS: Final = ("ids", "voter_class", "between", "lifts")


class BetweenForm(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_time": "from"}
):
    """A time, by when Kafka appended the votes."""

    from_time: Annotated[Time, Meta(description="The first moment.")]
    until: Annotated[Time, Meta(description="The first moment that is left out.")]


class RulingForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which votes are not to count, as exactly one of `ids`, `voter_class`, `between`; or `lifts`.

    It reaches only votes that Kafka has by then, and is in force once another person approves it.
    """

    reason: Annotated[Text, Meta(description="For everybody to read.")]
    ids: Annotated[
        list[str] | None,
        Meta(description="The ids of the votes, in either form.",
             extra_json_schema={"minItems": 1, "maxItems": RULING_IDS_MAX}),
    ] = None  # fmt: skip
    batch: Annotated[
        int | None,
        Meta(description="With `ids`: the batch of codes that they were derived from.",
             extra_json_schema={"minimum": 1, "maximum": BATCH_MAX}),
    ] = None  # fmt: skip
    voter_class: Annotated[str | None, Meta(description="The name of a class.")] = None
    between: Annotated[BetweenForm | None, Meta(description="When Kafka appended them.")] = None
    lifts: Annotated[
        int | None,
        Meta(description="The number of a ruling in force: its votes are to count again.",
             extra_json_schema={"minimum": 1, "maximum": RULINGS_MAX}),
    ] = None  # fmt: skip


def propose_of(form: RulingForm, definition: PollDefinition) -> Propose:
    """Return what proposes this ruling; raise `InvalidFormError` for the first fault."""
    try:
        reason = clean_text("reason", form.reason)
    except InvalidVoteError as error:
        raise InvalidFormError("reason", error.reason) from error
    return Propose(_selection_of(form, definition), reason)


def _selection_of(form: RulingForm, definition: PollDefinition) -> Selection:
    given = [kind for kind in _KINDS if getattr(form, kind) is not None]
    if len(given) != 1:
        raise InvalidFormError("", f"give one of {', '.join(_KINDS)}")
    if form.batch is not None and form.ids is None:
        raise InvalidFormError("batch", "needs ids")
    if form.ids is not None:
        return vote_ids(_packed_ids(form.ids), _batch(form.batch))
    if form.voter_class is not None:
        return OfClass(_class_number(form.voter_class, definition))
    if form.between is not None:
        return _between(form.between)
    return Lift(form.lifts or 0)


def _packed_ids(ids: list[str]) -> list[bytes]:
    if not 1 <= len(ids) <= RULING_IDS_MAX:
        raise InvalidFormError("ids", f"must be 1 to {RULING_IDS_MAX:,}")
    return [_packed_id(f"ids[{at}]", text) for at, text in enumerate(ids)]


def _packed_id(field: str, text: str) -> bytes:
    try:
        return UUID(read_short_id(text) or clean_id(text.strip())).bytes
    except InvalidVoteError as error:
        raise InvalidFormError(field, "is not the id of a vote") from error


def _batch(batch: int | None) -> int | None:
    if batch is not None and not 1 <= batch <= BATCH_MAX:
        raise InvalidFormError("batch", f"must be from 1 to {BATCH_MAX}")
    return batch


def _class_number(name: str, definition: PollDefinition) -> int:
    for one in definition.voters.classes if definition.voters else ():
        if one.name == name:
            return one.number
    raise InvalidFormError("voter_class", "is not a class of this poll's voters")


def _between(form: BetweenForm) -> Between:
    from_ms, until_ms = (
        read_time(f"between.{name}", text) or 0
        for name, text in (("from", form.from_time), ("until", form.until))
    )
    if until_ms <= from_ms:
        raise InvalidFormError("between.until", "must be after between.from")
    return Between(from_ms, until_ms)
