"""Parses a call's request, unless that would take far more memory than its size."""

from typing import Final

from google.protobuf.message import DecodeError
from votes.v1 import votes_pb2

# What svc_grpc_client sends at most.
VOTES_MAX: Final = 500

BYTES_MAX: Final = 128 * 1024
"""Of a request of any service; svc_grpc_client sends less. Each call may take as much memory."""

# Shorter requests, like those of ordinary calls, take little memory whatever they contain.
_SMALL_BYTES: Final = 65_536
_LENGTH_BYTES_MAX: Final = 4


def read_request(data: bytes) -> votes_pb2.CastVotesRequest | None:
    """Return the request in `data`; None if invalid, or with far more than `VOTES_MAX` votes.

    An empty vote is two bytes long and takes a hundred once parsed.
    """
    if len(data) > _SMALL_BYTES and not _has_few_fields(data, 2 * VOTES_MAX):
        return None
    try:
        return votes_pb2.CastVotesRequest.FromString(data)
    except DecodeError:
        return None


def _has_few_fields(message: bytes, limit: int) -> bool:
    """Whether a message is a sequence of at most `limit` length-delimited fields."""
    position = 0
    for _ in range(limit):
        if position >= len(message):
            break
        if message[position] & 0x87 != 2:  # another wire type, which the schema does not have
            return False
        length = 0
        for shift in range(_LENGTH_BYTES_MAX):
            position += 1
            if position >= len(message):
                return False
            byte = message[position]
            length |= (byte & 0x7F) << 7 * shift
            if byte < 0x80:
                break
        position += 1 + length
    return position == len(message)
