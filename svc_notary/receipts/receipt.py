"""What a receipt says. It shows one vote, and nothing about any other."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Status(StrEnum):
    """What became of a vote that is in the record."""

    COUNTED = "counted"
    EXCLUDED = "excluded"
    NOT_COUNTED = "not_counted"


class Exclusion(msgspec.Struct, frozen=True):
    """The ruling by which a vote does not count."""

    ruling: Annotated[int, Meta(description="Its number in the poll; the result lists it.")]
    reason: Annotated[str, Meta(description="Why, in the words of the organisers.")]


class Leaf(msgspec.Struct, frozen=True):
    """The record of the vote: what the tree has of it is a hash of these three."""

    offset: Annotated[int, Meta(description="Its place in the part of the record, from 0.")]
    key: Annotated[str, Meta(description="The vote's id.")]
    value: Annotated[str, Meta(description="The vote, a votes.v1.Vote message in base64.")]
    hash: Annotated[str, Meta(description="The hash of the leaf, in base64.")]


class Proof(msgspec.Struct, frozen=True):
    """That the leaf is in the tree of a checkpoint (RFC 9162, section 2.1.3)."""

    number: Annotated[int, Meta(description="The vote is this record of its part, from 1.")]
    of: Annotated[int, Meta(description="How many records the part has at the checkpoint.")]
    hashes: Annotated[list[str], Meta(description="The inclusion proof, each in base64.")]
    checkpoint: Annotated[
        str, Meta(description="The checkpoint: a signed note, or its text if nothing is signed.")
    ]


class ShownVote(msgspec.Struct, frozen=True):
    """The vote, as its voter cast it."""

    name: str
    album: str
    year: int
    rank: int
    poll: Annotated[str, Meta(description="The poll's id; empty in the open poll.")]
    entry: Annotated[str, Meta(description="The entry's id; empty in the open poll.")]


class Receipt(msgspec.Struct, frozen=True):
    """What became of a vote; `proof` is null until a checkpoint covers it, a few seconds."""

    id: str
    short_id: Annotated[str, Meta(description="The id in a shorter form, for paper.")]
    status: Annotated[
        Status,
        Meta(
            description="`counted`; `excluded` by a ruling; or `not_counted`: it came after the "
            "end of its poll, or the poll has no such entry."
        ),
    ]
    final: Annotated[
        bool,
        Meta(
            description="Whether the votes of its poll are cut; false in the open poll. Until the "
            "result is published, a ruling may still exclude the vote, or count it again."
        ),
    ]
    exclusion: Annotated[Exclusion | None, Meta(description="With `excluded`.")]
    vote: ShownVote
    partition: Annotated[int, Meta(description="The part of the record that has the vote.")]
    leaf: Leaf
    proof: Proof | None
