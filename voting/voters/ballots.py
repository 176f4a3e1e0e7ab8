"""The ids of votes in a poll with voters: the same voter's same vote always has the same id.

So a second vote of a person is a copy of the first, whichever route it takes, and the first counts.
"""

from collections.abc import Set
from enum import StrEnum
from hashlib import blake2b

from voting.domain.vote import InvalidVoteError, uuid8
from voting.voters.keys import ScopeKeys
from voting.voters.rules import VoterRules
from voting.voters.token import BATCH_BYTES, InvalidTokenError, OtherScopeError, TokenReader


class VoterProblem(StrEnum):
    """Why the vote of a voter is not taken, as the `type` of the problem."""

    MISSING = "urn:voting:problem:voter-missing"
    INVALID = "urn:voting:problem:voter-invalid"
    OTHER_POLLS = "urn:voting:problem:voter-of-other-polls"
    REVOKED = "urn:voting:problem:voter-revoked"
    VOTED_BEFORE = "urn:voting:problem:voted-before"


class BallotIds:
    """The ids of the votes of one class in one poll."""

    __slots__ = ("_hash",)

    def __init__(self, id_key: bytes, poll: str, voter_class: int = 0) -> None:
        # Neither the poll's id nor what follows contains a NUL, and the nonce has a fixed length,
        # so no two ballots are hashed from the same bytes.
        head = poll.encode() + bytes([0, voter_class])
        self._hash = blake2b(head, digest_size=16, key=id_key, person=b"voting.ballot")

    def id_of(self, nonce: bytes, place: str) -> str:
        """Return an id, a UUIDv8 (RFC 9562); `place` is the slot or the entry."""
        ballot = self._hash.copy()
        ballot.update(nonce + place.encode())
        return uuid8(ballot.digest())


class PollVoters:
    """Checks the tokens of a poll's voters and gives their votes ids."""

    __slots__ = ("_ids", "_revoked_batches", "_revoked_classes", "_rules", "_tokens")

    def __init__(
        self,
        poll: str,
        rules: VoterRules,
        keys: ScopeKeys,
        *,
        revoked_classes: Set[int] = frozenset(),
        revoked_batches: Set[int] = frozenset(),
    ) -> None:
        numbers = [one.number for one in rules.classes]
        self._rules = rules
        self._tokens = TokenReader(keys.tag_key, rules.scope, rules.key, numbers)
        self._ids = {number: BallotIds(keys.id_key, poll, number) for number in numbers}
        self._revoked_classes = revoked_classes
        self._revoked_batches = {batch.to_bytes(BATCH_BYTES) for batch in revoked_batches}

    def ballot_id(self, voter: str | None, slot: int | None, entry: str) -> tuple[str, int]:
        """Return the id of a vote and its voter's class; `slot` says which of several, from 1.

        Raises `InvalidVoteError` for a token that does not admit to this poll, or a wrong slot.
        """
        if voter is None:
            raise _refused("is missing: this poll needs a voter's token", VoterProblem.MISSING)
        try:
            voter_class, nonce = self._tokens.read(voter)
        except InvalidTokenError as error:
            raise _refused("is not a valid voter's token", VoterProblem.INVALID) from error
        except OtherScopeError as error:
            raise _refused("is a token for other polls", VoterProblem.OTHER_POLLS) from error
        if voter_class in self._revoked_classes or nonce[:BATCH_BYTES] in self._revoked_batches:
            raise _refused("is a token that was taken back", VoterProblem.REVOKED)
        return self._ids[voter_class].id_of(nonce, self._place(slot, entry)), voter_class

    def _place(self, slot: int | None, entry: str) -> str:
        rules = self._rules
        if rules.per_entry or rules.votes == 1:
            if slot not in {None, 1}:
                raise InvalidVoteError("slot", "must be left out in this poll")
            return entry if rules.per_entry else "1"
        if slot is None:
            raise InvalidVoteError("slot", "is missing: it says which of several votes this is")
        if not 1 <= slot <= rules.votes:
            raise InvalidVoteError("slot", f"must be from 1 to {rules.votes}")
        return str(slot)


def _refused(reason: str, problem: VoterProblem) -> InvalidVoteError:
    return InvalidVoteError("voter", reason, problem)
