#!/usr/bin/env python3
"""Recounts the published result of a poll from its evidence, without access to any server.

    python3 verify_result.py DIR --key KEY [--id VOTE_ID]

DIR is the exported evidence; KEY is the public key that the organisers announced. It needs Python
3.11 or newer and no packages, and shares no code with the system whose result it checks.
docs/final-result.md explains every file and what this proves.

Exit status: 0 all holds; 1 something does not; 2 wrong arguments, or a file cannot be read.
"""

import argparse
import base64
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, BinaryIO, Self


class CheckError(Exception):
    """Something does not hold; the text says what."""


# Ed25519, RFC 8032 section 6: to verify only, so nothing here must be fast or secret.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_NEUTRAL = (0, 1, 1, 0)

Point = tuple[int, int, int, int]


def _add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: Point) -> Point:
    result = _NEUTRAL
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _is_same(p: Point, q: Point) -> bool:
    return not ((p[0] * q[2] - q[0] * p[2]) % _P or (p[1] * q[2] - q[1] * p[2]) % _P)


def _point(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (not x and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of the public key signed the message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    base = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    if key is None or r is None or base is None or s >= _L:
        return False
    h = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    return _is_same(_times(s, base), _add(r, _times(h, key)))


# Signed notes: https://c2sp.org/signed-note


@dataclass(frozen=True)
class PublicKey:
    """A key with a name, as `NAME+ID+KEY`."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the key in a text."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError:
            data = b""
        expected = sha256(name.encode() + b"\n" + data).digest()[:4]
        if len(data) != 33 or data[0] != 1 or key_id != expected.hex():
            raise CheckError("the public key is not of the form NAME+ID+KEY, or has a typing error")
        return cls(name, expected, data[1:])


def open_note(note: bytes, key: PublicKey) -> bytes:
    """Return the text of a note that the key has signed."""
    text, blank, block = note.rpartition(b"\n\n")
    prefix = f"\N{EM DASH} {key.name} ".encode()
    found = False
    for line in block.split(b"\n")[:-1] if blank and block.endswith(b"\n") else []:
        if not line.startswith(prefix):
            continue
        try:
            data = base64.b64decode(line[len(prefix) :], validate=True)
        except ValueError:
            continue
        if data[:4] == key.key_id:
            if not ed25519_verifies(key.public, text + b"\n", data[4:]):
                raise CheckError("the signature is wrong: the text or the signature was changed")
            found = True
    if not found:
        raise CheckError(f"it has no signature of the key {key.name}+{key.key_id.hex()}")
    return text + b"\n"


# Merkle trees: RFC 9162 section 2.1


def leaf_hash(offset: int, key_hash: bytes, value_hash: bytes) -> bytes:
    """Return the hash of the leaf of a record, given by the hashes of its key and value."""
    return sha256(b"\x00" + offset.to_bytes(8, "big") + key_hash + value_hash).digest()


class Tree:
    """A tree that grows by a leaf at a time."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        level = self.size
        while level & 1:
            leaf = sha256(b"\x01" + self._subtrees.pop() + leaf).digest()
            level >>= 1
        self._subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root."""
        if not self._subtrees:
            return sha256().digest()
        *others, root = self._subtrees
        for subtree in reversed(others):
            root = sha256(b"\x01" + subtree + root).digest()
        return root


# Protocol Buffers: https://protobuf.dev/programming-guides/encoding/

Fields = dict[int, list[Any]]
_VARINT, _FIXED64, _BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
        if shift > 63:
            raise CheckError("a number is too long")


def protobuf_fields(data: bytes) -> Fields:
    """Return numbers and bytes of a message by the numbers of their fields, in their order."""
    fields: Fields = {}
    at = 0
    groups: list[int] = []  # the numbers of those that have not ended
    try:
        while at < len(data):
            tag, at = _varint(data, at)
            number, kind = tag >> 3, tag & 7
            value: int | bytes | None = None
            if kind == _VARINT:
                value, at = _varint(data, at)
            elif kind == _BYTES:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            elif kind in (_FIXED64, _FIXED32):
                at += 8 if kind == _FIXED64 else 4
            elif kind == _GROUP:
                groups.append(number)
            elif kind == _GROUP_END and groups and groups.pop() == number:
                continue
            else:
                raise CheckError("a message has a field of an unknown kind")
            if number == 0 or at > len(data):
                raise CheckError("a message has no such field, or ends early")
            if value is not None and not groups:
                fields.setdefault(number, []).append(value)
    except IndexError as error:
        raise CheckError("a message ends early") from error
    if groups:
        raise CheckError("a message ends early")
    return fields


def _number(fields: Fields, number: int) -> int:
    """Return a number of 64 bits."""
    found = [value for value in fields.get(number, ()) if isinstance(value, int)]
    value = found[-1] if found else 0
    return value - (1 << 64) if value >> 63 else value


def _small(fields: Fields, number: int) -> int:
    """Return a number of 32 bits without a sign."""
    return _number(fields, number) & 0xFFFFFFFF


def _text(fields: Fields, number: int) -> str:
    found = [value for value in fields.get(number, ()) if isinstance(value, bytes)]
    return found[-1].decode() if found else ""


def _numbers(fields: Fields, number: int) -> list[int]:
    """Return a repeated number, packed or not."""
    found: list[int] = []
    for item in fields.get(number, []):
        if isinstance(item, int):
            found.append(item)
            continue
        at = 0
        while at < len(item):
            value, at = _varint(item, at)
            found.append(value)
    return found


# The poll, from the events of the log of polls


@dataclass
class Poll:
    """A poll as its events define it."""

    id: str
    titles: dict[str, str] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    scale: dict[str, int] = field(default_factory=dict)
    show_result: str = ""
    rehearsal: bool = False
    voters: dict[str, Any] | None = None
    classes: list[tuple[str, int, int]] = field(default_factory=list)
    ties: list[str] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    rulings: list["Ruling"] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


_CHANGES = {10: "define", 11: "open", 12: "close", 13: "cut", 14: "release", 15: "revoke",
            16: "publish", 17: "propose", 18: "approve", 19: "refuse"}  # fmt: skip
_SHOWS = {1: "live", 2: "on_close", 3: "on_release"}
_WAYS = {1: "open", 2: "codes", 3: "identity"}


def read_poll(poll_id: str, values: Sequence[bytes]) -> Poll:
    """Return the poll by the values of the records of its events."""
    poll = Poll(poll_id)
    for value in values:
        event = protobuf_fields(value)
        if _text(event, 5) != poll_id:
            raise CheckError("an event is of another poll")
        found = [number for number in _CHANGES if number in event]
        if len(found) != 1:
            raise CheckError("an event has no change that this program knows")
        change = protobuf_fields(event[found[0]][-1])
        name = _CHANGES[found[0]]
        digest = sha256(value).hexdigest()
        poll.events.append({"number": _number(event, 1), "change": name, "sha256": digest})
        if name == "define":
            _define(poll, change)
        elif name == "cut":
            poll.cut = _numbers(change, 1)
        else:
            _rule(poll, name, change, _number(event, 1), _text(event, 4))
    numbers = [one["number"] for one in poll.events]
    if not poll.entries or not poll.cut or numbers != sorted(set(numbers)):
        raise CheckError("the events are not those of a poll that was defined and cut, in order")
    return poll


def _define(poll: Poll, change: Fields) -> None:
    poll.titles = {"en": _text(change, 1), "es": _text(change, 2)}
    poll.entries = []
    for item in change.get(3, []):
        entry = protobuf_fields(item)
        poll.entries.append({
            "id": _text(entry, 1), "name": _text(entry, 2), "album": _text(entry, 3),
            "year": _small(entry, 4),
        })  # fmt: skip
    poll.scale = {"min": _number(change, 4), "max": _number(change, 5)}
    poll.show_result = _SHOWS.get(_number(change, 8), "")
    poll.rehearsal = bool(_number(change, 9))
    poll.ties = [item.decode() for item in change.get(12, [])]
    poll.voters, poll.classes = None, [("audience", 0, 1)]
    if 11 in change:
        rules = protobuf_fields(change[11][-1])
        poll.voters = {
            "scope": _text(rules, 1), "key": _number(rules, 2), "votes": _number(rules, 3),
            "per_entry": bool(_number(rules, 4)),
            "ways": [_WAYS.get(way, "") for way in _numbers(rules, 6)],
        }  # fmt: skip
        classes = [protobuf_fields(item) for item in rules.get(5, [])]
        if classes:
            poll.classes = [(_text(one, 1), _number(one, 2), _number(one, 3)) for one in classes]


# Rulings: votes that do not count, decided by two people


@dataclass
class Ruling:
    """A proposal that votes do not count, or that a ruling is lifted, and what became of it."""

    number: int
    proposed: int
    author: str
    reason: str
    ids: frozenset[bytes] = frozenset()
    voter_class: int | None = None
    between: tuple[int, int] | None = None
    lifts: int | None = None
    approved: int | None = None
    approver: str = ""
    lifted: bool = False

    def takes(self, vote_id: str, voter_class: int, arrived: int, last: int) -> bool:
        """Whether it is about a vote; it reaches none that arrived after `last`."""
        if arrived > last:
            return False
        if self.voter_class is not None:
            return voter_class == self.voter_class
        if self.between is not None:
            return self.between[0] <= arrived < self.between[1]
        return bytes.fromhex(vote_id.replace("-", "")) in self.ids


def _rule(poll: Poll, name: str, change: Fields, event: int, author: str) -> None:
    """Follow an event about a ruling, and check that two people decided."""
    if name == "propose":
        poll.rulings.append(_proposal(change, len(poll.rulings) + 1, event, author))
        return
    if name not in ("approve", "refuse"):
        return
    number = _small(change, 1)
    waiting = [one for one in poll.rulings if one.number == number and one.approved is None]
    if not waiting:
        raise CheckError(f"event {event} decides on ruling {number}, which is not there")
    if name == "refuse":
        waiting[0].approved = 0
        return
    if waiting[0].author == author:
        raise CheckError(f"ruling {number} was approved by {author}, who proposed it")
    waiting[0].approved, waiting[0].approver = event, author
    for one in poll.rulings:
        if one.number == waiting[0].lifts:
            one.lifted = True


def _proposal(change: Fields, number: int, event: int, author: str) -> Ruling:
    ruling = Ruling(number, event, author, _text(change, 5))
    if 1 in change:
        packed = b"".join(protobuf_fields(change[1][-1]).get(1, []))
        ruling.ids = frozenset(packed[at : at + 16] for at in range(0, len(packed), 16))
    elif 2 in change:
        ruling.voter_class = _small(change, 2)
    elif 3 in change:
        times = protobuf_fields(change[3][-1])
        ruling.between = _number(times, 1), _number(times, 2)
    elif 4 in change:
        ruling.lifts = _small(change, 4)
    else:
        raise CheckError(f"event {event} does not say which votes its ruling is about")
    return ruling


def in_force(poll: Poll) -> list[Ruling]:
    """Return the rulings that take votes, in the order of their approval."""
    taking = [one for one in poll.rulings if one.approved and not one.lifted and not one.lifts]
    return sorted(taking, key=lambda one: one.approved or 0)


# Votes


@dataclass(frozen=True)
class Vote:
    """What counts of a vote."""

    id: str
    poll: str
    entry: str
    rank: int
    voter_class: int
    route: str


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_ROUTES = {1: "grpc", 2: "http"}
_LAST_TIME = 253_402_300_799_999


def read_vote(key: bytes, value: bytes, partition: int, partitions: int) -> Vote | None:
    """Return the vote in a record; None where the rules of the ledger say that it is none."""
    try:
        fields = protobuf_fields(value)
        vote_id, name, album = _text(fields, 1), _text(fields, 2), _text(fields, 3)
        poll, entry = _text(fields, 8), _text(fields, 9)
    except (CheckError, UnicodeDecodeError):
        return None
    event, of_class = (_number(fields, 10), _small(fields, 11)) if poll else (0, 0)
    year, rank, route = _small(fields, 4), _small(fields, 5), _small(fields, 6)
    residue = int(vote_id.replace("-", ""), 16) % 65521 if _UUID.fullmatch(vote_id) else None
    keeps_rules = (
        residue is not None
        and vote_id.encode() == key
        and residue % partitions == partition
        and all(_is_text(text) for text in (name, album))
        and 1900 <= year <= 2100
        and 1 <= rank <= 100
        and 0 <= _number(fields, 7) <= _LAST_TIME
        and route in _ROUTES
        and (not poll or bool(_SLUG.fullmatch(poll) and _SLUG.fullmatch(entry) and event >= 1))
        and 0 <= of_class <= 15
    )
    if not keeps_rules:
        return None
    return Vote(vote_id, poll, entry, rank, of_class, _ROUTES[route])


def _is_text(text: str) -> bool:
    """Whether a name or title is trimmed, in NFC, and without control characters."""
    clean = unicodedata.normalize("NFC", text.strip())
    return (
        clean == text
        and 1 <= len(text) <= 200
        and not any(unicodedata.category(one) in ("Cc", "Cs") for one in text)
    )


# The evidence of a partition

_HEADER = b"voting-evidence-2\n"
_HIDDEN, _SHOWN, _REVEALED, _END = 0, 1, 2, 255


def read_evidence(file: BinaryIO) -> Iterator[tuple[int, int, int, bytes, bytes]]:
    """Yield each item: its kind, offset, time, and key and value.

    A hidden one has hashes of key and value, and no time.
    """
    if file.read(len(_HEADER)) != _HEADER:
        raise CheckError("it is not evidence of the format that this program knows")
    offset = 0
    while True:
        kind = _exactly(file, 1)[0]
        if kind == _END:
            if file.read(1):
                raise CheckError("something follows the end")
            return
        if kind == _HIDDEN:
            hashes = _exactly(file, 64)
            yield kind, offset, 0, hashes[:32], hashes[32:]
            offset += 1
        elif kind == _SHOWN:
            arrived = int.from_bytes(_exactly(file, 8), "big")
            yield kind, offset, arrived, *_content(file)
            offset += 1
        elif kind == _REVEALED:
            at = int.from_bytes(_exactly(file, 8), "big")
            yield kind, at, 0, *_content(file)
        else:
            raise CheckError(f"there is no item where record {offset} should be")


def _content(file: BinaryIO) -> tuple[bytes, bytes]:
    key = _exactly(file, int.from_bytes(_exactly(file, 2), "big"))
    return key, _exactly(file, int.from_bytes(_exactly(file, 4), "big"))


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise CheckError("it ends early")
    return data


@dataclass
class Counted:
    """What was counted, over all partitions so far."""

    entries: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # votes, rank sum
    routes: dict[str, int] = field(default_factory=lambda: {"grpc": 0, "http": 0})
    taken: dict[int, dict[tuple[str, int], list[int]]] = field(default_factory=dict)  # by ruling
    copies: int = 0
    shown: int = 0
    hidden: int = 0
    roots: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)  # about the id that was asked for

    def of(self, entry: str, voter_class: int) -> tuple[int, int]:
        """Return the votes of a class for an entry, and their rank sum."""
        votes, rank_sum = self.entries.get((entry, voter_class), (0, 0))
        return votes, rank_sum

    def excluded(self, entry: str, numbers: Sequence[int]) -> int:
        """Return how many votes of these classes for an entry rulings took."""
        return sum(
            sums[entry, number][0]
            for sums in self.taken.values()
            for number in numbers
            if (entry, number) in sums
        )


def count_partition(
    file: BinaryIO,
    poll: Poll,
    partition: int,
    counted: Counted,
    wanted: str = "",
    roots_at: dict[int, bytes] | None = None,
    reach: dict[int, int] | None = None,
) -> None:
    """Count the votes of a partition, and check everything about it that needs no other file.

    `roots_at` gets the root at each size that it has as a key. `reach` has the last time of votes
    that each ruling reaches.
    """
    rulings = [(one, (reach or {}).get(one.number, 0)) for one in in_force(poll)]
    tree = Tree()
    seen: set[bytes] = set()
    hidden: dict[bytes, list[tuple[int, bytes]]] = {}
    later: dict[bytes, list[int]] = {}
    wanted_hash = sha256(wanted.encode()).digest()
    for kind, offset, arrived, key, value in read_evidence(file):
        if kind == _REVEALED:
            _check_revealed(offset, key, value, hidden, later, poll.id, partition, len(poll.cut))
            continue
        if roots_at is not None and tree.size in roots_at:
            roots_at[tree.size] = tree.root()
        if kind == _HIDDEN:
            counted.hidden += 1
            hidden.setdefault(key, []).append((offset, value))
            if wanted and key == wanted_hash:
                counted.found.append(
                    f"partition {partition}, record {offset}: it is in the ledger, but as a record "
                    "that is NOT a vote of this poll; only its hash is shown"
                )
            tree.append(leaf_hash(offset, key, value))
            continue
        tree.append(leaf_hash(offset, sha256(key).digest(), sha256(value).digest()))
        vote = read_vote(key, value, partition, len(poll.cut))
        if vote is None or vote.poll != poll.id:
            raise CheckError(f"record {offset} is shown as a vote of the poll and is none")
        counted.shown += 1
        earlier = [at for at, _ in hidden.get(sha256(key).digest(), [])]
        is_copy = key in seen
        if earlier and not is_copy:
            later[key] = earlier
        is_first = not is_copy and not earlier
        seen.add(key)
        what = "a copy: an earlier record has its id"
        if is_first:
            taking = [one for one, last in rulings
                      if one.takes(vote.id, vote.voter_class, arrived, last)]  # fmt: skip
            what = f"ruling {taking[0].number} excludes it" if taking else "it is counted"
            _count(vote, counted, taking[0].number if taking else None)
        else:
            counted.copies += 1
        if vote.id == wanted:
            counted.found.append(
                f"partition {partition}, record {offset}: {what} "
                f"(entry {vote.entry}, rank {vote.rank})"
            )
    if later:
        raise CheckError(
            f"the id {next(iter(later)).decode()} is that of an earlier record which is not shown"
        )
    if roots_at is not None and tree.size in roots_at:
        roots_at[tree.size] = tree.root()
    if tree.size != poll.cut[partition]:
        raise CheckError(f"it has {tree.size} records, and the cut is at {poll.cut[partition]}")
    counted.roots.append(tree.root().hex())


def _check_revealed(
    offset: int,
    key: bytes,
    value: bytes,
    hidden: dict[bytes, list[tuple[int, bytes]]],
    later: dict[bytes, list[int]],
    poll: str,
    partition: int,
    partitions: int,
) -> None:
    """Check that a record of another poll came before a vote of this one, with its id."""
    vote = read_vote(key, value, partition, partitions)
    place = (offset, sha256(value).digest())
    if place not in hidden.get(sha256(key).digest(), []) or offset not in later.get(key, []):
        raise CheckError(f"the revealed record {offset} is not the one that is hidden there")
    if vote is None or vote.poll == poll:
        raise CheckError(f"the revealed record {offset} is not a vote in another poll")
    del later[key]


def _count(vote: Vote, counted: Counted, ruling: int | None) -> None:
    entries = counted.entries if ruling is None else counted.taken.setdefault(ruling, {})
    sums = entries.setdefault((vote.entry, vote.voter_class), [0, 0])
    sums[0] += 1
    sums[1] += vote.rank
    if ruling is None:
        counted.routes[vote.route] += 1


# The result


Table = list[list[tuple[int, int]]]
"""For each entry, in the order of the definition, votes and rank sum of each class."""


def make_result(poll: Poll, counted: Counted, times: dict[str, Any]) -> dict[str, Any]:
    """Return the document that these votes give. `times` has what no record proves."""
    numbers = [number for _, number, _ in poll.classes]
    weights = [weight for _, _, weight in poll.classes]
    table: Table = [
        [counted.of(entry["id"], number) for number in numbers] for entry in poll.entries
    ]
    of_class = [sum(row[at][0] for row in table) for at in range(len(numbers))]
    scores = [
        sum(
            (Fraction(weight * row[at][0], of_class[at])
             for at, weight in enumerate(weights) if of_class[at]),
            Fraction(0),
        ) / sum(weights)
        for row in table
    ]  # fmt: skip
    rules = ["score", *(poll.ties or ["rank-sum"])]
    values = [[_value(rule, at, table, scores, poll) for rule in rules] for at in range(len(table))]
    ordered = sorted(range(len(table)), key=lambda at: values[at], reverse=True)
    entries: list[dict[str, Any]] = []
    for place, at in enumerate(ordered, start=1):
        decided = None
        if entries:
            before = values[ordered[place - 2]]
            pairs = zip(rules, before, values[at], strict=True)
            decided = next((rule for rule, one, other in pairs if one != other), None)
        shared = bool(entries) and decided is None
        entries.append({
            **poll.entries[at],
            "place": entries[-1]["place"] if shared else place,
            "votes": sum(votes for votes, _ in table[at]),
            "excluded": counted.excluded(poll.entries[at]["id"], numbers),
            "rank_sum": sum(ranks for _, ranks in table[at]),
            "score": f"{scores[at].numerator}/{scores[at].denominator}",
            "percent": _percent(scores[at]),
            "classes": [{"votes": votes, "rank_sum": ranks} for votes, ranks in table[at]],
            "decided_by": decided,
        })  # fmt: skip
    all_votes = sum(votes for votes, _ in counted.entries.values())
    reach = reach_of(times)
    rulings = [_ruling(one, counted, reach) for one in in_force(poll)]
    excluded = sum(one["votes"] for one in rulings)
    return {
        "format": "voting-result-2", "poll": poll.id, "titles": poll.titles,
        "rehearsal": poll.rehearsal, "scale": poll.scale, "show_result": poll.show_result,
        "voters": poll.voters, "ties": poll.ties, "events": poll.events, "cut": poll.cut,
        "opens_at": times.get("opens_at"), "closes_at": times.get("closes_at"),
        "roots": counted.roots, "records": sum(poll.cut), "votes": sum(of_class),
        "counted": all_votes + excluded, "excluded": excluded, "rulings": rulings,
        "copies": counted.copies, "strays": all_votes - sum(of_class), "routes": counted.routes,
        "classes": [
            {"name": name, "number": number, "weight": weight, "votes": votes}
            for (name, number, weight), votes in zip(poll.classes, of_class, strict=True)
        ],
        "entries": entries,
    }  # fmt: skip


def reach_of(document: dict[str, Any]) -> dict[int, int]:
    """Return the last time of votes that each ruling reaches: the document alone has it."""
    return {int(one["number"]): int(one["proposed_at_ms"]) for one in document["rulings"]}


def _ruling(ruling: Ruling, counted: Counted, reach: dict[int, int]) -> dict[str, Any]:
    taken = counted.taken.get(ruling.number, {})
    return {
        "number": ruling.number, "proposed": ruling.proposed, "approved": ruling.approved,
        "proposed_at_ms": reach.get(ruling.number), "reason": ruling.reason,
        "author": ruling.author, "approver": ruling.approver,
        "votes": sum(votes for votes, _ in taken.values()),
        "rank_sum": sum(ranks for _, ranks in taken.values()),
    }  # fmt: skip


def _value(rule: str, at: int, table: Table, scores: list[Fraction], poll: Poll) -> Fraction | int:
    """Return what a rule compares: the entry with more of it comes first."""
    if rule == "score":
        return scores[at]
    if rule == "rank-sum":
        return sum(ranks for _, ranks in table[at])
    if rule == "votes":
        return sum(votes for votes, _ in table[at])
    if rule == "order":
        return -at
    column = [f"class:{name}" for name, _, _ in poll.classes].index(rule)
    return table[at][column][0]


def _percent(score: Fraction) -> str:
    rounded = (score.numerator * 2_000_000 + score.denominator) // (2 * score.denominator)
    return f"{rounded // 10_000}.{rounded % 10_000:04}"


def canonical(document: dict[str, Any]) -> bytes:
    """Return the document in canonical JSON (RFC 8785); it has ASCII names and no fractions."""
    return json.dumps(
        document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def differences(published: Any, recounted: Any, where: str = "") -> list[str]:
    """Return in words where two documents differ."""
    if type(published) is type(recounted):
        if isinstance(published, dict):
            names = sorted({*published, *recounted})
            return [
                text
                for name in names
                for text in differences(published.get(name), recounted.get(name), f"{where}.{name}")
            ]
        if isinstance(published, list) and len(published) == len(recounted):
            return [
                text
                for at, (one, other) in enumerate(zip(published, recounted, strict=True))
                for text in differences(one, other, f"{where}[{at}]")
            ]
    if published == recounted:
        return []
    return [f"{where.lstrip('.')}: published {published!r}, recounted {recounted!r}"]


# The checks


@dataclass
class Report:
    """What was proved, what failed, and what cannot be proved here."""

    proved: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)


def verify(folder: Path, key_text: str | None, wanted: str = "", progress: bool = False) -> Report:
    """Check everything in a folder of evidence."""
    report = Report()
    key = None
    try:
        given = key_text or (folder / "public-key.txt").read_text(encoding="utf-8")
        key = PublicKey.read(given)
    except CheckError as error:
        report.failed.append(f"public key: {error}")
    _check_manifest(folder, report)
    result = (folder / "result.json").read_bytes()
    _check_signature(folder, key, key_text, result, report)
    try:
        published = json.loads(result)
        evidence = json.loads((folder / "events.json").read_bytes())
        values = [base64.b64decode(one["value"]) for one in evidence["events"]]
        poll = read_poll(str(published["poll"]), values)
        reach = reach_of(published)
    except (CheckError, ValueError, KeyError, TypeError) as error:
        report.failed.append(f"events.json and result.json cannot be read as of a poll: {error}")
        return report
    checkpoints = _read_checkpoints(folder, key, poll, report)
    counted = Counted()
    for partition in range(len(poll.cut)):
        name = f"partition-{partition:04}.evidence"
        if progress:
            sys.stderr.write(f"counting {name} ...\n")
        sizes = {size: b"" for size, _ in checkpoints.get(partition, [])}
        try:
            with (folder / name).open("rb") as file:
                count_partition(file, poll, partition, counted, wanted, sizes, reach)
        except CheckError as error:
            report.failed.append(f"{name}: {error}")
            return report
        _check_checkpoints(partition, checkpoints.get(partition, []), sizes, poll, report)
    _check_result(published, result, poll, counted, report)
    _tell(published, counted, wanted, report)
    return report


def _check_manifest(folder: Path, report: Report) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    bad = []
    for name, expected in manifest["files"].items():
        digest = sha256()
        with (folder / Path(name).name).open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        if digest.hexdigest() != expected["sha256"]:
            bad.append(name)
    if bad:
        report.failed.append(f"files are not those of manifest.json: {', '.join(bad)}")
    else:
        report.proved.append(f"all {len(manifest['files'])} files arrived as they were exported")


def _check_signature(
    folder: Path,
    key: PublicKey | None,
    key_text: str | None,
    result: bytes,
    report: Report,
) -> None:
    if key is None:
        return
    try:
        text = open_note((folder / "result.note").read_bytes(), key)
    except CheckError as error:
        report.failed.append(f"result.note: {error}")
        return
    if text != result + b"\n":
        report.failed.append("result.note: the signed text is not result.json")
        return
    report.proved.append(f"result.json was signed with the key {key.name}+{key.key_id.hex()}")
    if key_text is None:
        report.unproved.append(
            "that this key is the organisers': it came with the evidence. Compare it with what "
            "they announced before the vote, and give it with --key"
        )


def _read_checkpoints(
    folder: Path, key: PublicKey | None, poll: Poll, report: Report
) -> dict[int, list[tuple[int, bytes]]]:
    """Return the sizes and roots that the notary has signed, by partition."""
    found: dict[int, list[tuple[int, bytes]]] = {}
    if key is None:
        return found
    for path in sorted(folder.glob("checkpoint-*.note")):
        try:
            origin, size, root, *_ = open_note(path.read_bytes(), key).decode().split("\n")
            name, _, number = origin.rpartition("/")
            partition, checkpoint = int(number), (int(size), base64.b64decode(root))
        except (CheckError, ValueError) as error:
            report.failed.append(f"{path.name}: {error}")
            continue
        if name != key.name or not 0 <= partition < len(poll.cut):
            report.failed.append(f"{path.name}: {origin} is not a partition of this ledger")
            continue
        found.setdefault(partition, []).append(checkpoint)
    return found


def _check_checkpoints(
    partition: int,
    checkpoints: list[tuple[int, bytes]],
    roots: dict[int, bytes],
    poll: Poll,
    report: Report,
) -> None:
    for size, root in checkpoints:
        if size > poll.cut[partition]:
            report.unproved.append(
                f"that the notary's tree of partition {partition} with {size} records continues "
                "this one: it is larger than the evidence"
            )
        elif roots[size] != root:
            report.failed.append(
                f"the notary signed another root for the first {size} records of partition "
                f"{partition}: the ledger was changed after that, or the checkpoint"
            )
        else:
            report.proved.append(
                f"the first {size} records of partition {partition} are those that the notary "
                "signed while the vote was on"
            )


def _check_result(
    published: dict[str, Any], result: bytes, poll: Poll, counted: Counted, report: Report
) -> None:
    recounted = make_result(poll, counted, published)
    if found := differences(published, recounted):
        report.failed += [f"result.json: {text}" for text in found[:20]]
    elif canonical(recounted) != result:
        report.failed.append("result.json is not written as canonical JSON")
    else:
        report.proved.append(
            f"{published['votes']} votes, recounted from {published['records']} records, give "
            "exactly this result: sums, scores, places and how each tie was decided"
        )
        report.proved.append(
            f"of votes with the same id the first one counts: {counted.copies} later ones do not"
        )
        report.proved.append(
            f"the roots of all {len(poll.cut)} Merkle trees are those of exactly these records"
        )
        report.proved.append("the poll's entries, classes, ties and cut are those of its events")
        for one in recounted["rulings"]:
            votes = "1 vote" if one["votes"] == 1 else f"{one['votes']} votes"
            report.proved.append(
                f"ruling {one['number']} excludes {votes}, as said: "
                f"{one['reason']!r}, proposed by {one['author']} and approved by {one['approver']}"
            )


def _tell(published: dict[str, Any], counted: Counted, wanted: str, report: Report) -> None:
    if wanted:
        if not counted.found:
            report.failed.append(f"vote {wanted}: no record before the cut has this id")
        elif any("NOT a vote" in text for text in counted.found):
            report.failed += [f"vote {wanted}: {text}" for text in counted.found]
        else:
            report.proved += [f"vote {wanted}: {text}" for text in counted.found]
    if counted.hidden:
        report.unproved.append(
            f"that {counted.hidden} records of which only hashes are shown are no votes of this "
            "poll. Whoever voted can look for their own vote with --id"
        )
    if published["rulings"]:
        report.unproved.append(
            "that votes arrived when the evidence says: a ruling reaches votes by the clocks of "
            "the servers, and the trees do not have these times"
        )
    report.unproved += [
        "that these are all events of the poll: only the log of polls, which chains the events of "
        "all polls by their hashes, shows that none is missing",
        "that each voter is one person who was free and not paid: a receipt can be shown to a "
        "buyer. So this is for shows and awards, not for public elections",
        "that tokens were given only to those who should vote, and that opening and end "
        f"({published.get('opens_at')} to {published.get('closes_at')}) were kept: the clocks of "
        "the servers say so",
        "that every vote that was sent was recorded: voters see that by the receipt of theirs",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a folder and print what was found; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="verify-result",
        description="Recount the published result of a poll from its evidence.",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="the exported evidence")
    parser.add_argument("--key", metavar="NAME+ID+KEY", help="the organisers' public key")
    parser.add_argument("--id", metavar="VOTE_ID", default="", help="also look for this vote")
    options = parser.parse_args(arguments)
    try:
        report = verify(options.folder, options.key, options.id.strip().lower(), progress=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"verify-result: cannot read the evidence: {error}\n")
        return 2
    for title, lines in (
        ("PROVED", report.proved),
        ("DOES NOT HOLD", report.failed),
        ("NOT PROVED, here or by anything in this folder", report.unproved),
    ):
        if lines:
            sys.stdout.write(f"\n{title}\n" + "".join(f"  - {line}\n" for line in lines))
    end = "does NOT hold" if report.failed else "holds"
    sys.stdout.write(f"\nThe result {end}.\n")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
