"""Makes receipts from the vote log, the log of polls and the trees on disk."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from svc_notary.metrics import DIFFERING, RECEIPTS
from svc_notary.receipts.receipt import Exclusion, Leaf, Proof, Receipt, ShownVote, Status
from svc_notary.trees.checkpoints import text_of
from svc_notary.trees.errors import StoreDamagedError
from svc_notary.trees.tile_store import TileStore
from voting.domain.codec import encode_vote
from voting.domain.short_id import short_id
from voting.http.problem import ProblemError
from voting.merkle.checkpoint import read_checkpoint
from voting.merkle.hashes import leaf_hash
from voting.merkle.proofs import inclusion_proof, verify_inclusion
from voting.merkle.tiles import nodes_of
from voting.polls.counting import counts_in
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll
from voting.polls.ruling import rulings_in_force
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import LoggedVote, Place

# How many receipts are made at a time: it leaves the vote log and the disk to those who write.
CONCURRENT: Final = 4
_SECONDS: Final = 5.0
_NOT_THERE: Final = "not_there"
_UNAVAILABLE: Final = "unavailable"

for _answer in (*Status, _NOT_THERE, _UNAVAILABLE):
    RECEIPTS.labels(_answer)


class Votes(Protocol):
    """The vote log."""

    async def find(self, ids: Sequence[str]) -> Mapping[str, LoggedVote]:
        """Return the votes with these ids that count, by id."""
        ...


class DiffersError(Exception):
    """The vote log has a vote that is not the record at its place."""


class Receipts:
    """Receipts of single votes, by id. Of several copies of an id the vote log has what counts."""

    def __init__(
        self, vote_log: Votes, known: KnownPolls, folder: Path, clock: Callable[[], int]
    ) -> None:
        """`folder` is the one of the trees, `clock` is Unix time in milliseconds."""
        self._vote_log = vote_log
        self._known = known
        self._folder = folder
        self._clock = clock
        self._turn = asyncio.Semaphore(CONCURRENT)

    async def find(self, vote_id: str) -> Receipt:
        """Return the receipt of a vote.

        Raises `ProblemError`: 404 if no such vote is in the record yet, 503 if that is not known.
        """
        try:
            async with asyncio.timeout(_SECONDS), self._turn:
                found = (await self._vote_log.find([vote_id])).get(vote_id)
                receipt = None if found is None else await self._receipt(found)
        except (StoreUnavailableError, TimeoutError, OSError) as error:
            raise _unavailable("the record cannot be read right now") from error
        except StoreDamagedError as error:
            raise _unavailable("the proofs are being made again") from error
        except DiffersError as error:
            DIFFERING.inc()
            raise _unavailable("the vote log does not have the vote that is recorded") from error
        if receipt is None:
            RECEIPTS.labels(_NOT_THERE).inc()
            raise ProblemError(HTTPStatus.NOT_FOUND, "no vote with this id is in the record yet")
        RECEIPTS.labels(receipt.status).inc()
        return receipt

    async def _receipt(self, logged: LoggedVote) -> Receipt:
        vote, (partition, offset) = logged.vote, logged.place
        status, final, exclusion = Status.COUNTED, False, None
        if vote.poll:
            poll = self._poll(vote.poll)
            status, exclusion = _status_in(poll, logged)
            final = poll.cut is not None
        key, value = vote.id.encode(), encode_vote(vote)
        hashed = leaf_hash(offset, key, value)
        return Receipt(
            id=vote.id,
            short_id=short_id(vote.id),
            status=status,
            final=final,
            exclusion=exclusion,
            vote=ShownVote(vote.name, vote.album, vote.year, vote.rank, vote.poll, vote.entry),
            partition=partition,
            leaf=Leaf(offset, vote.id, _text(value), _text(hashed)),
            proof=await asyncio.to_thread(self._proof, logged.place, hashed),
        )

    def _poll(self, poll_id: str) -> Poll:
        poll = self._known.book.polls.get(poll_id)
        # A published result is for good. Before, there may be a cut or a ruling that is not known.
        if poll is None or (poll.published is None and not self._known.is_fresh(self._clock())):
            raise _unavailable("the polls are not known right now")
        return poll

    def _proof(self, place: Place, hashed: bytes) -> Proof | None:
        """Return the proof for a leaf, checked; None if no checkpoint covers it yet."""
        store = TileStore(self._folder / str(place.partition))
        note = store.checkpoint()
        if note is None:
            return None
        checkpoint = read_checkpoint(text_of(note))
        size = checkpoint.size
        if size <= place.offset:
            return None
        nodes = nodes_of(size, store.read)
        if nodes(0, place.offset) != hashed:
            raise DiffersError
        proof = inclusion_proof(place.offset, size, nodes)
        if not verify_inclusion(hashed, place.offset, size, proof, checkpoint.root):
            raise StoreDamagedError(f"partition {place.partition}: the proof does not hold")
        return Proof(place.offset + 1, size, [_text(one) for one in proof], note.decode())


def _status_in(poll: Poll, logged: LoggedVote) -> tuple[Status, Exclusion | None]:
    vote = logged.vote
    if not counts_in(poll, vote, *logged.place):
        return Status.NOT_COUNTED, None
    vote_id = UUID(vote.id).bytes
    for ruling in rulings_in_force(poll.rulings):
        if ruling.reaches(vote_id, vote.voter_class, logged.arrived_at_ms):
            return Status.EXCLUDED, Exclusion(ruling.number, ruling.reason)
    return Status.COUNTED, None


def _unavailable(detail: str) -> ProblemError:
    RECEIPTS.labels(_UNAVAILABLE).inc()
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"retry-after": "2"})


def _text(content: bytes) -> str:
    return b64encode(content).decode()
