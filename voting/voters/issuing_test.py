import base64

from voting.voters.ballots import PollVoters
from voting.voters.codes import Code
from voting.voters.issuing import Issuer
from voting.voters.keys import MasterKeys
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules
from voting.voters.token import BATCH_BYTES, TokenReader

MASTER = MasterKeys({1: bytes(range(32)), 2: bytes(32)})
RULES = VoterRules(scope="awards", key=1, classes=(AUDIENCE, VoterClass("jury", 3)))
KEYS = MASTER.scope_keys(1, "awards")
ISSUER = Issuer(RULES, KEYS)
READER = TokenReader(KEYS.tag_key, "awards", 1, [0, 3])


def test_whoever_asks_again_gets_the_same_token() -> None:
    again = Issuer(RULES, KEYS)
    assert ISSUER.for_browser(b"secret") == again.for_browser(b"secret")
    assert ISSUER.for_code(Code(3, 9, 7)) == again.for_code(Code(3, 9, 7))
    assert ISSUER.for_account("login", "ana", 3) == again.for_account("login", "ana", 3)


def test_anybody_else_gets_another_one() -> None:
    other_scope = Issuer(VoterRules(scope="other", key=1), MASTER.scope_keys(1, "other"))
    other_key = Issuer(VoterRules(scope="awards", key=2), MASTER.scope_keys(2, "awards"))
    tokens = [
        *(issuer.for_browser(b"one") for issuer in (ISSUER, other_scope, other_key)),
        ISSUER.for_browser(b"two"),
        *(ISSUER.for_code(code) for code in (Code(0, 1, 1), Code(0, 1, 2), Code(0, 2, 1))),
        ISSUER.for_code(Code(3, 1, 1)),
        ISSUER.for_account("login", "ana", 0),
        ISSUER.for_account("login", "ana", 3),
        ISSUER.for_account("logina", "na", 0),
        ISSUER.for_account("login", "", 0),
        ISSUER.for_browser(b"login"),
    ]
    nonces = {base64.urlsafe_b64decode(token)[11:23] for token in tokens}
    assert len(nonces) == len(set(tokens)) == len(tokens)


def test_a_token_says_class_and_batch() -> None:
    for token, voter_class, batch in (
        (ISSUER.for_browser(b"secret"), 0, 0),
        (ISSUER.for_code(Code(3, 1023, 1)), 3, 1023),
        (ISSUER.for_account("login", "ana", 3), 3, 0),
    ):
        number, nonce = READER.read(token)
        assert (number, int.from_bytes(nonce[:BATCH_BYTES])) == (voter_class, batch)


def test_a_poll_admits_these_voters() -> None:
    voters = PollVoters("best-album", RULES, KEYS)
    ballots = {
        voters.ballot_id(token, None, "moon")
        for token in (ISSUER.for_browser(b"secret"), ISSUER.for_code(Code(3, 1, 1)))
    }
    assert [voter_class for _, voter_class in sorted(ballots, key=lambda found: found[1])] == [0, 3]
