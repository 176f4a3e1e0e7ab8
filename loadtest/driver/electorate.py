"""The voters of a phase in a poll that needs voters' tokens: each vote is another voter's."""

import os
from typing import Final, NamedTuple

from loadtest.model.phase import Voters
from voting.voters.ballots import PollVoters
from voting.voters.keys import read_keys
from voting.voters.rules import VoterRules
from voting.voters.token import BATCH_BYTES, make_token

VOTER_KEYS: Final = "VOTER_KEYS"
RUN_BYTES: Final = 6
_NUMBER_BYTES: Final = 4
_NO_BATCH: Final = bytes(BATCH_BYTES)


def new_run() -> str:
    """Return what tells the voters of one phase and driver from all others, as in `Voters`."""
    return os.urandom(RUN_BYTES).hex()


class NoVoterLeftError(Exception):
    """Every voter has cast every vote: the comparison needs more of them."""


class Ballot(NamedTuple):
    """What makes a vote a certain voter's, and the id that the routes give it."""

    voter: str
    slot: int | None
    id: str


class Electorate:
    """Hands out ballots, each once. The master keys come from the environment."""

    def __init__(self, poll: str, voters: Voters) -> None:
        """Make the voters' keys; raise `InvalidKeysError` or `NoKeyError`."""
        keys = read_keys(os.environ.get(VOTER_KEYS, "")).scope_keys(voters.key, voters.scope)
        rules = VoterRules(
            scope=voters.scope, key=voters.key, votes=voters.votes, per_entry=voters.per_entry
        )
        self._voters = voters
        self._tag_key = keys.tag_key
        self._poll = PollVoters(poll, rules, keys)
        self._run = bytes.fromhex(voters.run)
        self._next = 0

    def ballot(self, entry: str) -> Ballot:
        """Return the next ballot, for a vote on this entry; raise `NoVoterLeftError`."""
        if self._next >= self._voters.ballots:
            raise NoVoterLeftError("all voters have voted: give more of them with --voters")
        voter, slot = divmod(self._next, self._voters.votes)
        self._next += 1
        nonce = _NO_BATCH + self._run + voter.to_bytes(_NUMBER_BYTES)
        token = make_token(self._tag_key, self._voters.scope, nonce, key_number=self._voters.key)
        sent = slot + 1 if self._voters.votes > 1 else None
        vote_id, _ = self._poll.ballot_id(token, sent, entry)
        return Ballot(token, sent, vote_id)
