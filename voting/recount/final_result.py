"""The final result of a poll as a document: the same input gives the same bytes, whoever makes it.

Canonical JSON (RFC 8785), without floating-point numbers. docs/final-result.md describes each
field, and verify/verify_result.py makes the same document with other code.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import msgspec
import rfc8785

from voting.domain.tally import PollTally, add_poll_tally
from voting.domain.times import to_rfc3339_or_none
from voting.domain.vote import Route
from voting.polls.event import event_hash
from voting.polls.excluded import Excluded, add_excluded, net
from voting.polls.poll import Poll
from voting.polls.result import EntryResult, classes_of, poll_result
from voting.polls.ruling import Ruling, rulings_in_force
from voting.recount.partition_count import PartitionCount
from voting.voters.rules import VoterClass

FORMAT: Final = "voting-result-2"


class PollEvent(NamedTuple):
    """An event of the log of polls on which a result rests; `value` is that of its record."""

    number: int
    change: str
    value: bytes


class LedgerCount(msgspec.Struct):
    """What was counted of a poll in all partitions up to the cut, and the roots of their trees.

    `tally` has all votes; what rulings take of them is in `excluded`.
    """

    tally: PollTally
    copies: int
    roots: tuple[bytes, ...]
    excluded: Excluded = msgspec.field(default_factory=Excluded)


def sum_up(partitions: Sequence[PartitionCount]) -> LedgerCount:
    """Return what was counted in all partitions, in their order."""
    tally, excluded = PollTally(), Excluded()
    for one in partitions:
        add_poll_tally(tally, one.tally)
        add_excluded(excluded, one.excluded)
    copies = sum(one.copies for one in partitions)
    return LedgerCount(tally, copies, tuple(one.tree.root() for one in partitions), excluded)


def final_result(poll: Poll, events: Sequence[PollEvent], counted: LedgerCount) -> bytes:
    """Return the result of a poll that is cut, in canonical JSON.

    `events` are those of the poll that changed something, up to the cut, and those about rulings,
    in their order.
    """
    definition = poll.definition
    left, taken = net(counted.tally, counted.excluded), counted.excluded.total
    result = poll_result(definition, left)
    classes = classes_of(definition)
    class_votes = [one.votes for one in result.classes]
    voters = definition.voters
    cut = poll.cut or ()
    document: dict[str, Any] = {
        "format": FORMAT,
        "poll": poll.id,
        "titles": {"en": definition.titles.en, "es": definition.titles.es},
        "rehearsal": definition.rehearsal,
        "scale": {"min": definition.rank_min, "max": definition.rank_max},
        "show_result": definition.show_result.value,
        "voters": None
        if voters is None
        else {
            "scope": voters.scope,
            "key": voters.key,
            "votes": voters.votes,
            "per_entry": voters.per_entry,
            "ways": [way.value for way in voters.ways],
        },
        "ties": list(definition.ties),
        "opens_at": to_rfc3339_or_none(poll.opens_at_ms),
        "closes_at": to_rfc3339_or_none(poll.closes_at_ms),
        "events": [
            {"number": one.number, "change": one.change, "sha256": event_hash(one.value).hex()}
            for one in events
        ],
        "cut": list(cut),
        "roots": [root.hex() for root in counted.roots],
        "records": sum(cut),
        "counted": counted.tally.votes,
        "excluded": taken.votes,
        "votes": result.votes,
        "copies": counted.copies,
        "strays": result.strays,
        "routes": {route.value: left.routes.get(route, 0) for route in Route},
        "rulings": [
            _ruling(one, counted.excluded.by_ruling.get(one.number, PollTally()))
            for one in rulings_in_force(poll.rulings)
        ],
        "classes": [
            {"name": one.name, "number": one.number, "weight": one.weight, "votes": votes}
            for one, votes in zip(classes, class_votes, strict=True)
        ],
        "entries": [_entry(one, classes, left, taken) for one in result.entries],
    }
    return rfc8785.dumps(document)


def _ruling(ruling: Ruling, taken: PollTally) -> dict[str, Any]:
    return {
        "number": ruling.number,
        "proposed": ruling.event,
        "proposed_at_ms": ruling.proposed_at_ms,
        "approved": ruling.decided,
        "reason": ruling.reason,
        "author": ruling.author,
        "approver": ruling.decider,
        "votes": taken.votes,
        "rank_sum": sum(one.rank_sum for one in taken.entries.values()),
    }


def _entry(
    one: EntryResult, classes: Sequence[VoterClass], left: PollTally, taken: PollTally
) -> dict[str, Any]:
    counts = [left.of(one.entry.id, each.number) for each in classes]
    return {
        "place": one.place,
        "id": one.entry.id,
        "name": one.entry.name,
        "album": one.entry.album,
        "year": one.entry.year,
        "votes": one.votes,
        "excluded": sum(taken.of(one.entry.id, each.number).votes for each in classes),
        "rank_sum": one.rank_sum,
        "score": f"{one.score.numerator}/{one.score.denominator}",
        "percent": percent(one.score),
        "classes": [{"votes": each.votes, "rank_sum": each.rank_sum} for each in counts],
        "decided_by": one.decided_by,
    }


def percent(score: Fraction) -> str:
    """Return a score in percent with four decimals, rounded half up."""
    rounded = (score.numerator * 2_000_000 + score.denominator) // (2 * score.denominator)
    return f"{rounded // 10_000}.{rounded % 10_000:04}"
