from collections import Counter
from uuid import UUID

import pytest

from voting.domain.vote import InvalidVoteError, partition_of
from voting.voters.ballots import BallotIds, PollVoters, VoterProblem
from voting.voters.keys import MasterKeys
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules
from voting.voters.token import make_token, new_nonce

MASTER = bytes(range(32))
KEYS = MasterKeys({1: MASTER}).scope_keys(1, "awards-2026")
NONCE = bytes.fromhex("000102030405060708090a0b")
TOKEN = make_token(KEYS.tag_key, "awards-2026", NONCE, key_number=1)


def voters(**rules: object) -> PollVoters:
    return PollVoters(
        "best-album",
        VoterRules(scope="awards-2026", key=1, **rules),  # type: ignore[arg-type]
        KEYS,
    )


def test_the_same_vote_has_the_same_id_and_any_other_has_another() -> None:
    ids = [
        BallotIds(KEYS.id_key, "best-album").id_of(NONCE, "1"),
        BallotIds(KEYS.id_key, "best-album").id_of(NONCE, "2"),
        BallotIds(KEYS.id_key, "best-albums").id_of(NONCE, "1"),
        BallotIds(KEYS.tag_key, "best-album").id_of(NONCE, "1"),
        BallotIds(KEYS.id_key, "best-album").id_of(bytes(12), "1"),
    ]
    assert len(set(ids)) == len(ids)
    assert voters().ballot_id(TOKEN, None, "moon") == (ids[0], 0)
    assert voters().ballot_id(TOKEN, 1, "blue") == (ids[0], 0)
    assert {UUID(one).version for one in ids} == {8}


def test_a_voter_has_as_many_votes_as_the_poll_says() -> None:
    three = voters(votes=3)
    assert len({three.ballot_id(TOKEN, slot, "moon") for slot in (1, 2, 3)}) == 3
    for slot, reason in ((None, "is missing"), (4, "from 1 to 3"), (0, "from 1 to 3")):
        with pytest.raises(InvalidVoteError, match=reason):
            three.ballot_id(TOKEN, slot, "moon")
    with pytest.raises(InvalidVoteError, match="left out"):
        voters().ballot_id(TOKEN, 2, "moon")


def test_with_a_vote_per_entry_the_entry_decides() -> None:
    each = voters(per_entry=True)
    assert each.ballot_id(TOKEN, None, "moon") != each.ballot_id(TOKEN, None, "blue")
    with pytest.raises(InvalidVoteError, match="left out"):
        each.ballot_id(TOKEN, 2, "moon")


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (None, VoterProblem.MISSING),
        ("", VoterProblem.INVALID),
        (TOKEN[:-2] + "AA", VoterProblem.INVALID),
        (make_token(KEYS.id_key, "awards-2026", NONCE, key_number=1), VoterProblem.INVALID),
        (make_token(KEYS.tag_key, "awards-2026", NONCE, key_number=2), VoterProblem.OTHER_POLLS),
        (
            make_token(KEYS.tag_key, "awards-2026", NONCE, key_number=1, class_number=1),
            VoterProblem.OTHER_POLLS,
        ),
        (make_token(KEYS.tag_key, "awards-2025", NONCE, key_number=1), VoterProblem.OTHER_POLLS),
    ],
)
def test_a_token_that_does_not_admit_is_refused(token: str | None, kind: str) -> None:
    with pytest.raises(InvalidVoteError) as caught:
        voters().ballot_id(token, None, "moon")
    assert (caught.value.field, caught.value.kind) == ("voter", kind)


def test_each_class_votes_apart() -> None:
    both = voters(classes=(AUDIENCE, VoterClass("jury", 3)))
    jury = make_token(KEYS.tag_key, "awards-2026", NONCE, key_number=1, class_number=3)
    jury_id, voter_class = both.ballot_id(jury, None, "moon")
    assert voter_class == 3
    assert jury_id == BallotIds(KEYS.id_key, "best-album", 3).id_of(NONCE, "1")
    assert both.ballot_id(TOKEN, None, "moon") == voters().ballot_id(TOKEN, None, "moon")
    assert both.ballot_id(TOKEN, None, "moon")[0] != jury_id


@pytest.mark.parametrize("revoked", [{"revoked_classes": {0}}, {"revoked_batches": {0x0001, 9}}])
def test_a_token_that_was_taken_back_is_refused(revoked: dict[str, set[int]]) -> None:
    rules = VoterRules(scope="awards-2026", key=1, classes=(AUDIENCE, VoterClass("jury", 3)))
    without = PollVoters("best-album", rules, KEYS, **revoked)
    with pytest.raises(InvalidVoteError) as caught:
        without.ballot_id(TOKEN, None, "moon")
    assert (caught.value.field, caught.value.kind) == ("voter", VoterProblem.REVOKED)
    jury = make_token(KEYS.tag_key, "awards-2026", new_nonce(2), key_number=1, class_number=3)
    assert without.ballot_id(jury, None, "moon")[1] == 3


def test_ids_spread_evenly_over_partitions() -> None:
    ballots = BallotIds(KEYS.id_key, "p")
    ids = (ballots.id_of(n.to_bytes(12), "1") for n in range(12_000))
    counts = Counter(partition_of(one, 12) for one in ids)
    assert len(counts) == 12
    assert all(850 < count < 1150 for count in counts.values())  # 5 standard deviations
