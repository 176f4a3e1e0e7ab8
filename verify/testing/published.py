"""Writes the evidence of a small published poll, as svc_polls and its export make it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from voting.domain.codec import encode_vote
from voting.domain.vote import Route, Vote, new_vote_id
from voting.merkle.checkpoint import Checkpoint
from voting.merkle.frontier import Frontier
from voting.merkle.hashes import leaf_hash
from voting.polls.event import Approve, Change, Close, Cut, Open, Propose, Refuse, Release
from voting.polls.excluded import Rulings
from voting.polls.ruling import Between, Lift, OfClass, rulings_in_force, vote_ids
from voting.recount.evidence import END, HEADER, hidden, revealed, shown
from voting.recount.final_result import final_result, sum_up
from voting.recount.partition_count import Kind, PartitionCount
from voting.recount.poll_events import cut_poll
from voting.signing.keys import SigningKey
from voting.signing.note import sign_note
from voting.testing.examples import vote_with
from voting.testing.polls import ENTRIES, POLL, PollLog
from voting.voters.rules import VoterClass, VoterRules

KEY: Final = SigningKey("votes.example.org", bytes(range(32)))
PARTITIONS: Final = 3
ANA: Final = "ana"
BEN: Final = "ben"
CLASSES: Final = (VoterClass("audience", 0, 60), VoterClass("jury", 1, 40))
ARRIVED_AT: Final = 20_000
"""When the first record of each partition arrived; each other one a millisecond later."""
RULED_AT: Final = 50_000
_SETTLED: Final = 40_000 + 7_000 + 1_000

type Record = tuple[bytes | None, bytes | None]


@dataclass
class Published:
    """A poll with a jury, its ledger, and what a publisher makes of them."""

    ledger: list[list[Record]] = field(default_factory=list)
    definition: dict[str, Any] = field(
        default_factory=lambda: {
            "voters": VoterRules(scope="awards", key=1, classes=CLASSES),
            "ties": ("class:jury", "order"),
        }
    )

    rulings: list[tuple[str, Change]] = field(default_factory=list)
    """What was proposed, approved and refused after the cut, and by whom."""

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the evidence and return the published document."""
        log = PollLog()
        log.define(1, **self.definition)
        log.append(Open(), 2)
        log.append(Close(40_000), 3)
        log.append(Cut(tuple(map(len, self.ledger))), _SETTLED)
        log.append(Release(), _SETTLED + 1)
        for author, change in self.rulings:
            log.append(change, RULED_AT, author=author)
        found = cut_poll(POLL, log.records)
        counts = []
        for partition, records in enumerate(self.ledger):
            rulings = Rulings(rulings_in_force(found.poll.rulings))
            count = PartitionCount(POLL, partition, len(self.ledger), rulings)
            items = [HEADER, *(_item(count, *one) for one in enumerate(records)), b""]
            items += [revealed(at, *_both(records[at])) for at in count.shadows]
            path = folder / f"partition-{partition:04}.evidence"
            path.write_bytes(b"".join([*items, END]))
            counts.append(count)
        document = final_result(found.poll, found.events, sum_up(counts))
        (folder / "result.json").write_bytes(document)
        (folder / "result.note").write_bytes(sign_note(document.decode() + "\n", KEY))
        (folder / "public-key.txt").write_text(f"{KEY.verifier}\n")
        events = [
            {"number": one.number, "value": base64.b64encode(one.value).decode()}
            for one in found.events
        ]
        (folder / "events.json").write_text(json.dumps({"poll": POLL, "events": events}))
        write_manifest(folder)
        decoded: dict[str, Any] = json.loads(document)
        return decoded

    def checkpoint(self, folder: Path, partition: int, size: int) -> None:
        """Add a checkpoint that the notary signed when the partition had so many records."""
        tree = Frontier()
        for offset, record in enumerate(self.ledger[partition][:size]):
            tree.append(leaf_hash(offset, *record))
        text = Checkpoint(f"{KEY.name}/{partition}", size, tree.root()).text
        path = folder / f"checkpoint-{partition}-{size}.note"
        path.write_bytes(sign_note(text, KEY))
        write_manifest(folder)


def write_manifest(folder: Path) -> None:
    """Write the manifest of what is there now, as whoever changes files would."""
    paths = sorted(path for path in folder.iterdir() if path.name != "manifest.json")
    files = {path.name: {"sha256": sha256(path.read_bytes()).hexdigest()} for path in paths}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def example() -> Published:
    """Return a poll with votes of two classes, copies, records of other polls, and garbage."""
    votes: list[list[Vote]] = []
    for partition in range(PARTITIONS):
        of_partition = [
            vote_with(
                id=new_vote_id(partition),
                poll=POLL,
                entry=ENTRIES[number % 3].id,
                poll_event=2,
                rank=number % 7 + 1,
                voter_class=int(number % 5 == 0),
                route=(Route.GRPC, Route.HTTP)[number % 2],
            )
            for number in range(8 + partition)
        ]
        votes.append(of_partition)
    ledger = [[record_of(vote) for vote in of_partition] for of_partition in votes]
    open_poll = vote_with(id=new_vote_id(0))
    other = vote_with(id=new_vote_id(0), poll="other", entry="moon", poll_event=1)
    stray = vote_with(id=new_vote_id(0), poll=POLL, entry="no-such-entry", poll_event=2)
    ledger[0] += [
        ledger[0][2],  # a copy
        record_of(open_poll),
        (None, None),
        (b"key", b"\xff\xff"),
        record_of(other),
        record_of(vote_with(id=other.id, poll=POLL, entry="blue", poll_event=2)),  # its id is taken
        record_of(vote_with(id=other.id, poll=POLL, entry="blue", poll_event=2)),
        record_of(stray),
    ]
    return Published(ledger)


def ruled_example() -> Published:
    """Return the example with rulings: in force, out of force, by each kind of selection."""
    poll = example()
    first = (UUID(one).bytes for one in ids(poll.ledger[0])[:3])
    poll.rulings = [
        (ANA, Propose(vote_ids(first), "Made by a program")),
        (BEN, Propose(OfClass(1), "The jury met too late")),
        (BEN, Approve(1)),
        (ANA, Propose(Between(ARRIVED_AT + 4, ARRIVED_AT + 6), "The page was defaced")),
        (BEN, Approve(3)),
        (ANA, Approve(2)),
        (ANA, Propose(OfClass(0), "A mistake")),
        (BEN, Refuse(4)),
        (ANA, Propose(Between(ARRIVED_AT, ARRIVED_AT + 1), "Also a mistake")),
        (BEN, Approve(5)),
        (BEN, Propose(Lift(5), "Nothing was wrong")),
        (ANA, Approve(6)),
    ]
    return poll


def record_of(vote: Vote) -> Record:
    """Return the record of a vote."""
    return vote.id.encode(), encode_vote(vote)


def _item(count: PartitionCount, offset: int, record: Record) -> bytes:
    arrived_at_ms = ARRIVED_AT + offset
    kind, _ = count.take(offset, *record, arrived_at_ms)
    return hidden(*record) if kind is Kind.OTHER else shown(arrived_at_ms, *_both(record))


def _both(record: Record) -> tuple[bytes, bytes]:
    key, value = record
    return key or b"", value or b""


def ids(records: Sequence[Record]) -> list[str]:
    """Return the keys of records as text."""
    return [(key or b"").decode() for key, _ in records]
