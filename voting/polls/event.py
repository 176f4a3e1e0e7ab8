"""Events of the log of polls, and their records: `polls.v1.Event` messages, chained by hashes."""

from hashlib import sha256

import msgspec
from google.protobuf.message import DecodeError
from polls.v1 import polls_pb2

from voting.polls.definition import PollDefinition
from voting.polls.event_parts import (
    UnreadableEventError,
    define_message,
    definition_of,
    propose_message,
    selection_of,
)
from voting.polls.ruling import Selection


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
    """Shows the result of a poll, once as many people have done so as its definition says."""


class Revoke(msgspec.Struct, frozen=True):
    """Takes back the tokens of a class or of a batch, by its number; the other one is None."""

    voter_class: int | None = None
    batch: int | None = None


class Propose(msgspec.Struct, frozen=True):
    """Proposes that votes of the poll do not count, or that a ruling is lifted; `reason` is public.

    Another person must approve it.
    """

    selection: Selection
    reason: str


class Approve(msgspec.Struct, frozen=True):
    """Puts a proposed ruling in force, by its number."""

    ruling: int


class Refuse(msgspec.Struct, frozen=True):
    """Ends a proposed ruling, by its number; it never was in force."""

    ruling: int


class Publish(msgspec.Struct, frozen=True):
    """Makes the result of a poll final; `note` is the result and its signature."""

    note: bytes

    @property
    def document(self) -> bytes:
        """The result, in canonical JSON."""
        return self.note.partition(b"\n")[0]


type Change = Define | Open | Close | Cut | Release | Revoke | Publish | Propose | Approve | Refuse


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
            message.define.CopyFrom(define_message(definition))
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
        case Propose(selection, reason):
            message.propose.CopyFrom(propose_message(selection, reason))
        case Approve(ruling):
            message.approve.ruling = ruling
            message.approve.SetInParent()
        case Refuse(ruling):
            message.refuse.ruling = ruling
            message.refuse.SetInParent()
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
            return Define(definition_of(message.define))
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
        case "propose":
            return Propose(selection_of(message.propose), message.propose.reason)
        case "approve":
            return Approve(message.approve.ruling)
        case "refuse":
            return Refuse(message.refuse.ruling)
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
