"""A vote as bytes: the `votes.v1.Vote` message that gRPC transports and Kafka stores."""

from collections.abc import Callable
from typing import Final

from google.protobuf.message import DecodeError
from votes.v1 import votes_pb2

from voting.domain.vote import (
    CAST_AT_MAX_MS,
    InvalidVoteError,
    Route,
    Vote,
    check_vote,
    partition_of,
)

CONTENT_TYPE: Final = b'application/x-protobuf; messageType="votes.v1.Vote"'

# A record for Kafka: the vote's id, its bytes, and the request's traceparent, if any.
type NewRecord = tuple[str, bytes, str | None]

_TO_PROTO: Final = {Route.GRPC: votes_pb2.ROUTE_GRPC, Route.HTTP: votes_pb2.ROUTE_HTTP}
_FROM_PROTO: Final = {number: route for route, number in _TO_PROTO.items()}


def to_message(vote: Vote, make: Callable[..., votes_pb2.Vote] = votes_pb2.Vote) -> votes_pb2.Vote:
    """Return the vote as a protobuf message; `make` may be a repeated field's `add`."""
    message = make(
        id=vote.id,
        name=vote.name,
        album=vote.album,
        year=vote.year,
        rank=vote.rank,
        route=_TO_PROTO[vote.route],
        cast_at_ms=vote.cast_at_ms,
    )
    if vote.poll:
        message.poll, message.entry, message.poll_event = vote.poll, vote.entry, vote.poll_event
        message.voter_class = vote.voter_class
    return message


def from_message(message: votes_pb2.Vote, check: Callable[[Vote], Vote] = check_vote) -> Vote:
    """Return the vote in a message; raise `InvalidVoteError` if it breaks a rule.

    `check` applies the rules, by default those of the ledger.
    """
    route = _FROM_PROTO.get(message.route)
    if route is None:
        raise InvalidVoteError("route", "must be ROUTE_GRPC or ROUTE_HTTP")
    poll = message.poll  # empty for most votes: a read less for each of the other three
    vote = Vote(
        id=message.id,
        name=message.name,
        album=message.album,
        year=message.year,
        rank=message.rank,
        route=route,
        cast_at_ms=message.cast_at_ms,
        poll=poll,
        entry=message.entry if poll else "",
        poll_event=message.poll_event if poll else 0,
        voter_class=message.voter_class if poll else 0,
    )
    return check(vote)


def encode_vote(vote: Vote) -> bytes:
    """Return the vote as the bytes of a Kafka record's value."""
    return to_message(vote).SerializeToString()


def record_of(vote: Vote, traceparent: str | None = None) -> NewRecord:
    """Return the vote as a record for Kafka."""
    return vote.id, encode_vote(vote), traceparent


def decode_vote(value: bytes) -> Vote:
    """Return the vote in a record's value; raise `InvalidVoteError` if it is not a vote."""
    try:
        message = votes_pb2.Vote.FromString(value)
    except DecodeError as error:
        raise InvalidVoteError("value", "is not a valid votes.v1.Vote message") from error
    return from_message(message)


def read_vote(key: bytes | None, value: bytes | None, partition: int, partitions: int) -> Vote:
    """Return the vote in a record of one of `partitions` partitions.

    Raises `InvalidVoteError` when there is none, or when the record is not in the partition of all
    copies of the vote: another copy could count as well.
    """
    if value is None:
        raise InvalidVoteError("value", "is missing")
    vote = decode_vote(value)
    if vote.cast_at_ms > CAST_AT_MAX_MS:
        raise InvalidVoteError("cast_at_ms", "must be before the year 10000")
    if key != vote.id.encode():
        raise InvalidVoteError("key", "is not the vote's id")
    if (right := partition_of(vote.id, partitions)) != partition:
        raise InvalidVoteError("partition", f"must be {right} for this id")
    return vote
