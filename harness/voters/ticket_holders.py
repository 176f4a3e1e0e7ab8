"""People who may vote once each, because each has a token."""

from collections.abc import Sequence
from random import Random
from typing import Final

from voting.voters.ballots import PollVoters
from voting.voters.keys import MasterKeys
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules
from voting.voters.token import BATCH_BYTES, NONCE_BYTES, make_token

TWO_CLASSES: Final = (AUDIENCE, VoterClass("jury", number=1))


class TicketHolders:
    """The voters of one poll, of whom each has one vote. Ids are those that the routes give."""

    def __init__(
        self,
        poll: str,
        keys: MasterKeys,
        key_number: int,
        classes: Sequence[VoterClass] = (AUDIENCE,),
    ) -> None:
        """Use the master key of this number; the scope is named as the poll."""
        self.rules = VoterRules(scope=poll, key=key_number, classes=tuple(classes))
        scope_keys = keys.scope_keys(key_number, poll)
        self._tag_key = scope_keys.tag_key
        self._voters = PollVoters(poll, self.rules, scope_keys)

    def new_token(self, random: Random) -> str:
        """Return the token of a voter of any of the classes who has not voted yet."""
        nonce = bytes(BATCH_BYTES) + random.randbytes(NONCE_BYTES - BATCH_BYTES)
        rules = self.rules
        return make_token(
            self._tag_key,
            rules.scope,
            nonce,
            key_number=rules.key,
            class_number=random.choice(rules.classes).number,
        )

    def ballot_id(self, token: str, entry: str) -> str:
        """Return the id of the vote that is cast with a token."""
        return self._voters.ballot_id(token, None, entry)[0]
