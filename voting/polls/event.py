"""Events of the log of polls, and their records: `polls.v1.Event` messages, chained by hashes."""

from hashlib import sha256
from typing import Final

import msgspec
from google.protobuf.message import DecodeError
from polls.v1 import polls_pb2

from voting.polls.definition import Entry, PollDefinition, ShowResult, Titles
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules, Way


class UnreadableEventError(ValueError):
    """A record of the log of polls is not an event that this version can read."""


class Define(msgspec.Struct, frozen=True):
    """Creates a poll or, until it is frozen, replaces its definition."""

    definition: PollDefinition


class Open(msgspec.Struct, frozen=True):
    """Opens a poll that has no time of opening."""


class Close(msgspec.Struct, frozen=True):
    """Sets the end of an open poll; None: as soon as every route can know it."""

    closes_at_ms: int | None


class Cut(msgspec.Struct, frozen=True):
    """Where the votes of a closed poll end: an offset for each partition, the first behind them."""

    ends: tuple[int, ...]


class Release(msgspec.Struct, frozen=True):
    """Shows the result of a poll whose result is shown on release."""


class Revoke(msgspec.Struct, frozen=True):
    """Takes back the tokens of a class or of a batch, by its number; the other one is None."""

    voter_class: int | None = None
    batch: int | None = None


class Publish(msgspec.Struct, frozen=True):
    """Makes the result of a poll final; `note` is the result and its signature."""

    note: bytes

    @property
    def document(self) -> bytes:
        """The result, in canonical JSON."""
        return self.note.partition(b"\n")[0]


type Change = Define | Open | Close | Cut | Release | Revoke | Publish


class Event(msgspec.Struct, frozen=True):
    """One change to one poll.

    `number` counts the events of all polls from 1; `previous` is the `event_hash` of the event
    before, empty in the first. `written_at_ms` is Unix time in milliseconds by the writer's clock.
    `nonce` is random, so that no two writers ever write the same event.
    """

    number: int
    previous: bytes
    written_at_ms: int
    author: str
    poll: str
    change: Change
    nonce: bytes = b""


_TO_PROTO: Final = {
    ShowResult.LIVE: polls_pb2.SHOW_RESULT_LIVE,
    ShowResult.ON_CLOSE: polls_pb2.SHOW_RESULT_ON_CLOSE,
    ShowResult.ON_RELEASE: polls_pb2.SHOW_RESULT_ON_RELEASE,
}
_FROM_PROTO: Final = {number: show for show, number in _TO_PROTO.items()}
_WAY_TO_PROTO: Final = {
    Way.OPEN: polls_pb2.WAY_OPEN,
    Way.CODES: polls_pb2.WAY_CODES,
    Way.IDENTITY: polls_pb2.WAY_IDENTITY,
}
_WAY_FROM_PROTO: Final = {number: way for way, number in _WAY_TO_PROTO.items()}


def event_hash(value: bytes) -> bytes:
    """Return the hash of an event, given by the value of its record: SHA-256, 32 bytes."""
    return sha256(value).digest()


def encode_event(event: Event) -> bytes:
    """Return the event as the value of a Kafka record."""
    message = polls_pb2.Event(
        number=event.number,
        previous=event.previous,
        written_at_ms=event.written_at_ms,
        author=event.author,
        poll=event.poll,
        nonce=event.nonce,
    )
    match event.change:
        case Define(definition):
            message.define.CopyFrom(_define_message(definition))
        case Open():
            message.open.SetInParent()
        case Close(closes_at_ms):
            message.close.closes_at_ms = closes_at_ms or 0
            message.close.SetInParent()
        case Cut(ends):
            message.cut.ends.extend(ends)
            message.cut.SetInParent()
        case Release():
            message.release.SetInParent()
        case Revoke(voter_class, batch):
            message.revoke.SetInParent()
            if voter_class is not None:
                message.revoke.voter_class = voter_class
            elif batch is not None:
                message.revoke.batch = batch
        case Publish(note):
            message.publish.note = note
            message.publish.SetInParent()
    return message.SerializeToString(deterministic=True)


def decode_event(value: bytes | None) -> Event:
    """Return the event in a record's value; raise `UnreadableEventError` when it is none."""
    try:
        message = polls_pb2.Event.FromString(value or b"")
    except DecodeError as error:
        raise UnreadableEventError("is not a polls.v1.Event message") from error
    if message.number < 1:
        raise UnreadableEventError("has no event number")
    return Event(
        number=message.number,
        previous=message.previous,
        written_at_ms=message.written_at_ms,
        author=message.author,
        poll=message.poll,
        change=_change_of(message),
        nonce=message.nonce,
    )


def _change_of(message: polls_pb2.Event) -> Change:
    match message.WhichOneof("change"):
        case "define":
            return Define(_definition_of(message.define))
        case "open":
            return Open()
        case "close":
            return Close(message.close.closes_at_ms or None)
        case "cut":
            return Cut(tuple(message.cut.ends))
        case "release":
            return Release()
        case "revoke":
            return _revoke_of(message.revoke)
        case "publish":
            return Publish(message.publish.note)
        case _:
            raise UnreadableEventError("has a change that this version does not know")


def _revoke_of(message: polls_pb2.Revoke) -> Revoke:
    match message.WhichOneof("tokens"):
        case "voter_class":
            return Revoke(voter_class=message.voter_class)
        case "batch":
            return Revoke(batch=message.batch)
        case _:
            raise UnreadableEventError("does not say which tokens it takes back")


def _define_message(definition: PollDefinition) -> polls_pb2.Define:
    return polls_pb2.Define(
        title_en=definition.titles.en,
        title_es=definition.titles.es,
        entries=[
            polls_pb2.Entry(id=entry.id, name=entry.name, album=entry.album, year=entry.year)
            for entry in definition.entries
        ],
        rank_min=definition.rank_min,
        rank_max=definition.rank_max,
        opens_at_ms=definition.opens_at_ms or 0,
        closes_at_ms=definition.closes_at_ms or 0,
        show_result=_TO_PROTO[definition.show_result],
        rehearsal=definition.rehearsal,
        voters=_voters_message(definition.voters),
        ties=definition.ties,
        answer_within_ms=definition.answer_within_ms,
    )


def _voters_message(rules: VoterRules | None) -> polls_pb2.VoterRules | None:
    if rules is None:
        return None
    # One class alone is written as before there were any.
    classes = () if rules.classes == (AUDIENCE,) else rules.classes
    return polls_pb2.VoterRules(
        scope=rules.scope,
        key=rules.key,
        votes=rules.votes,
        per_entry=rules.per_entry,
        classes=[
            polls_pb2.VoterClass(name=one.name, number=one.number, weight=one.weight)
            for one in classes
        ],
        ways=[_WAY_TO_PROTO[way] for way in rules.ways],
    )


def _definition_of(message: polls_pb2.Define) -> PollDefinition:
    show_result = _FROM_PROTO.get(message.show_result)
    if show_result is None:
        raise UnreadableEventError("does not say when the result is shown")
    return PollDefinition(
        titles=Titles(message.title_en, message.title_es),
        entries=tuple(
            Entry(id=entry.id, name=entry.name, album=entry.album, year=entry.year)
            for entry in message.entries
        ),
        rank_min=message.rank_min,
        rank_max=message.rank_max,
        opens_at_ms=message.opens_at_ms or None,
        closes_at_ms=message.closes_at_ms or None,
        show_result=show_result,
        rehearsal=message.rehearsal,
        voters=_voters_of(message),
        ties=tuple(message.ties),
        answer_within_ms=message.answer_within_ms,
    )


def _voters_of(message: polls_pb2.Define) -> VoterRules | None:
    if not message.HasField("voters"):
        return None
    rules = message.voters
    if any(way not in _WAY_FROM_PROTO for way in rules.ways):
        raise UnreadableEventError("has a way to a token that this version does not know")
    classes = tuple(VoterClass(one.name, one.number, one.weight) for one in rules.classes)
    return VoterRules(
        scope=rules.scope,
        key=rules.key,
        votes=rules.votes,
        per_entry=rules.per_entry,
        classes=classes or (AUDIENCE,),
        ways=tuple(_WAY_FROM_PROTO[way] for way in rules.ways),
    )
