"""People who may vote once each, because each has a token."""

from random import Random

from voting.voters.ballots import PollVoters
from voting.voters.keys import MasterKeys
from voting.voters.rules import VoterRules
from voting.voters.token import BATCH_BYTES, NONCE_BYTES, make_token


class TicketHolders:
    """The voters of one poll, of whom each has one vote. Ids are those that the routes give."""

    def __init__(self, poll: str, keys: MasterKeys, key_number: int) -> None:
        """Use the master key of this number; the scope is named as the poll."""
        self.rules = VoterRules(scope=poll, key=key_number)
        scope_keys = keys.scope_keys(key_number, poll)
        self._tag_key = scope_keys.tag_key
        self._voters = PollVoters(poll, self.rules, scope_keys)

    def new_token(self, random: Random) -> str:
        """Return the token of a voter who has not voted yet."""
        nonce = bytes(BATCH_BYTES) + random.randbytes(NONCE_BYTES - BATCH_BYTES)
        return make_token(self._tag_key, self.rules.scope, nonce, key_number=self.rules.key)

    def ballot_id(self, token: str, entry: str) -> str:
        """Return the id of the vote that is cast with a token."""
        return self._voters.ballot_id(token, None, entry)[0]
