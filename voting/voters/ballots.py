"""The ids of votes in a poll with voters: the same voter's same vote always has the same id.

So a second vote of a person is a copy of the first, whichever route it takes, and the first counts.
"""

from enum import StrEnum
from hashlib import blake2b

from voting.domain.vote import InvalidVoteError, uuid8
from voting.voters.keys import ScopeKeys
from voting.voters.rules import VoterRules
from voting.voters.token import InvalidTokenError, Token, fingerprint, read_token


class VoterProblem(StrEnum):
    """Why the vote of a voter is not taken, as the `type` of the problem."""

    MISSING = "urn:voting:problem:voter-missing"
    INVALID = "urn:voting:problem:voter-invalid"
    OTHER_POLLS = "urn:voting:problem:voter-of-other-polls"
    VOTED_BEFORE = "urn:voting:problem:voted-before"


class PollVoters:
    """Checks the tokens of a poll's voters and gives their votes ids."""

    __slots__ = ("_id_key", "_poll", "_rules", "_scope", "_tag_key")

    def __init__(self, poll: str, rules: VoterRules, keys: ScopeKeys) -> None:
        self._poll = poll
        self._rules = rules
        self._scope = fingerprint(rules.scope)
        self._tag_key, self._id_key = keys

    def ballot_id(self, voter: str | None, slot: int | None, entry: str) -> str:
        """Return the id of a vote, a UUIDv8; `slot` says which of several, from 1.

        Raises `InvalidVoteError` for a token that does not admit to this poll, or a wrong slot.
        """
        token = self._admitted(voter)
        rules = self._rules
        if rules.per_entry or rules.votes == 1:
            if slot not in {None, 1}:
                raise InvalidVoteError("slot", "must be left out in this poll")
            place = entry if rules.per_entry else "1"
        elif slot is None:
            raise InvalidVoteError("slot", "is missing: it says which of several votes this is")
        elif not 1 <= slot <= rules.votes:
            raise InvalidVoteError("slot", f"must be from 1 to {rules.votes}")
        else:
            place = str(slot)
        return ballot_id(self._id_key, self._poll, token, place)

    def _admitted(self, voter: str | None) -> Token:
        if voter is None:
            raise _refused("is missing: this poll needs a voter's token", VoterProblem.MISSING)
        try:
            token = read_token(voter)
        except InvalidTokenError as error:
            raise _refused("is not a voter's token", VoterProblem.INVALID) from error
        if token.scope != self._scope:
            raise _refused("is a token for other polls", VoterProblem.OTHER_POLLS)
        is_ours = token.key_number == self._rules.key and token.class_number == 0
        if not token.is_genuine(self._tag_key) or not is_ours:
            raise _refused("is not a valid token", VoterProblem.INVALID)
        return token


def _refused(reason: str, problem: VoterProblem) -> InvalidVoteError:
    return InvalidVoteError("voter", reason, problem)


def ballot_id(id_key: bytes, poll: str, token: Token, place: str) -> str:
    """Return the id of a vote: a UUIDv8 (RFC 9562) in canonical form.

    `place` is the slot or the entry. Neither it nor the poll's id contains a NUL, and the parts
    between them have fixed lengths, so no two ballots are hashed from the same bytes.
    """
    voter = bytes([0, token.class_number]) + token.nonce
    data = poll.encode() + voter + place.encode()
    return uuid8(blake2b(data, digest_size=16, key=id_key, person=b"voting.ballot").digest())
