"""The votes of a poll that count, one row each, from its evidence."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from svc_polls.export.evidence import EVENTS, PARTITION_FILE, RESULT
from svc_polls.export.files import ExportError
from voting.domain.codec import decode_vote
from voting.domain.times import to_rfc3339
from voting.domain.vote import InvalidVoteError, Vote
from voting.polls.event import Propose, decode_event
from voting.polls.excluded import Rulings
from voting.polls.ruling import Ruling
from voting.recount.evidence import InvalidEvidenceError, shown_records

_PSEUDONYM_BYTES: Final = 16


class Row(NamedTuple):
    """A vote that counts. `vote` is a pseudonym of its id, which no other export shares."""

    vote: str
    entry: str
    name: str
    album: str
    year: int
    rank: int
    voter_class: str
    route: str
    cast_at: str


class ExportedPoll:
    """A folder of evidence, to be read as rows; `key` is 32 secret bytes for the pseudonyms."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Read what the rows need besides the votes; raise `ExportError` if that fails."""
        self._folder = folder
        self._key = key
        document = _read(folder / RESULT)
        self.poll: str = document["poll"]
        self.votes: int = document["votes"]
        self.partitions = len(document["cut"])
        self._entries: dict[str, Mapping[str, Any]] = {
            one["id"]: one for one in document["entries"]
        }
        self._rulings = _rulings(document, _read(folder / EVENTS))
        self._classes: dict[int, str] = {one["number"]: one["name"] for one in document["classes"]}

    def rows(self, partition: int) -> Iterator[Row]:
        """Yield the votes of a partition in the order of the ledger; raises `ExportError`.

        Memory is bounded by the ids of the partition.
        """
        path = self._folder / PARTITION_FILE.format(partition)
        try:
            with path.open("rb") as file:
                taken = {one.key for one in shown_records(file) if one.revealed}
                file.seek(0)
                for one in shown_records(file):
                    if not one.revealed and one.key not in taken:
                        taken.add(one.key)
                        yield from self._row(decode_vote(one.value), one.number)
        except (InvalidEvidenceError, InvalidVoteError) as error:
            raise ExportError(f"{path}: {error}") from error
        except OSError as error:
            raise ExportError(f"{path}: {error.strerror}") from error

    def _row(self, vote: Vote, arrived_at_ms: int) -> Iterator[Row]:
        vote_id = UUID(vote.id).bytes
        if self._rulings.on(vote_id, vote.voter_class, arrived_at_ms) is not None:
            return
        entry = self._entries.get(vote.entry)
        voter_class = self._classes.get(vote.voter_class)
        if entry is None or voter_class is None:
            return  # a stray: it is in no sum of the result
        yield Row(
            blake2b(vote.id.encode(), digest_size=_PSEUDONYM_BYTES, key=self._key).hexdigest(),
            vote.entry,
            entry["name"],
            entry["album"],
            entry["year"],
            vote.rank,
            voter_class,
            vote.route.value,
            to_rfc3339(vote.cast_at_ms),
        )


def _rulings(document: Mapping[str, Any], evidence: Mapping[str, Any]) -> Rulings:
    """Return the rulings in force: the result names them, the events say what they are about."""
    events = {one["number"]: b64decode(one["value"]) for one in evidence["events"]}
    found = []
    for one in document["rulings"]:
        event = decode_event(events[one["proposed"]])
        if isinstance(event.change, Propose):
            ruling = Ruling(
                number=one["number"],
                selection=event.change.selection,
                reason=event.change.reason,
                author=event.author,
                event=event.number,
                proposed_at_ms=one["proposed_at_ms"],
            )
            found.append(ruling)
    return Rulings(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ExportError(f"{path}: is not what an export writes: {error}") from error
