from pathlib import Path

import pytest

from svc_polls.command.batch_ids import Batch, NoIdsError
from voting.polls.definition import PollDefinition
from voting.polls.ruling import RULING_IDS_MAX
from voting.testing.polls import CLASSES, ENTRIES, KEYS, POLL, SCOPE, voter_token, with_changes
from voting.voters.ballots import PollVoters
from voting.voters.codes import make_code, read_code
from voting.voters.issuing import Issuer
from voting.voters.keys import MasterKeys
from voting.voters.rules import VoterRules

SCOPE_KEYS = KEYS.scope_keys(1, SCOPE)


def definition(*, votes: int = 1, per_entry: bool = False) -> PollDefinition:
    rules = VoterRules(scope=SCOPE, key=1, votes=votes, per_entry=per_entry, classes=CLASSES)
    return with_changes(voters=rules)


def voters_of(poll: PollDefinition) -> PollVoters:
    assert poll.voters is not None
    return PollVoters(POLL, poll.voters, SCOPE_KEYS)


def test_the_ids_are_those_that_a_route_gives_whoever_types_a_code() -> None:
    poll = definition()
    assert poll.voters is not None
    typed = make_code(SCOPE_KEYS.code_key, voter_class=1, batch=3, serial=8)
    token = Issuer(poll.voters, SCOPE_KEYS).for_code(read_code(SCOPE_KEYS.code_key, typed))
    voted = voters_of(poll).ballot_id(token, None, "moon")[0]
    assert voted in Batch(POLL, poll, KEYS).of_codes(3, range(1, 9), "jury")
    assert voted not in Batch(POLL, poll, KEYS).of_codes(3, range(1, 8), "jury")
    assert voted not in Batch(POLL, poll, KEYS).of_codes(3, range(1, 9), None)
    assert voted not in Batch(POLL, poll, KEYS).of_codes(4, range(1, 9), "jury")


def test_each_vote_of_a_voter_has_its_id() -> None:
    several, each = definition(votes=3), definition(per_entry=True)
    assert len(set(Batch(POLL, several, KEYS).of_codes(3, range(1, 3), None))) == 6
    found = Batch(POLL, each, KEYS).of_codes(3, range(1, 3), None)
    assert len(set(found)) == 2 * len(ENTRIES)


def test_the_tokens_of_a_file_have_their_ids(tmp_path: Path) -> None:
    poll, file = definition(), tmp_path / "tokens.csv"
    tokens = [voter_token(number, batch=7) for number in (1, 2)]
    file.write_text("number,token,link\n" + "".join(f"1,{one},x\n" for one in tokens))
    expected = [voters_of(poll).ballot_id(one, None, "")[0] for one in tokens]
    assert Batch(POLL, poll, KEYS).of_tokens(file) == expected


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "cannot be read"),
        ("number,code\n1,AAAA\n", "has no column token"),
        ("token\nnonsense\n", "is not a valid voter's token"),
        ("token\n", "1 to 20,000 voters"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str | None, error: str) -> None:
    file = tmp_path / "tokens.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(NoIdsError, match=error):
        Batch(POLL, definition(), KEYS).of_tokens(file)


@pytest.mark.parametrize(("votes", "most"), [(1, RULING_IDS_MAX), (100, RULING_IDS_MAX // 100)])
def test_a_ruling_has_room_for_so_many_voters(votes: int, most: int) -> None:
    batch = Batch(POLL, definition(votes=votes), KEYS)
    with pytest.raises(NoIdsError, match=f"1 to {most:,} voters"):
        batch.of_codes(1, range(1, most + 2), None)
    assert len(batch.of_codes(1, range(1, most + 1), None)) == RULING_IDS_MAX


@pytest.mark.parametrize(
    ("poll", "keys", "error"),
    [
        (with_changes(), KEYS, "need no token"),
        (definition(), MasterKeys({}), "VOTER_KEYS has no key 1"),
    ],
)
def test_without_voters_or_key_there_are_no_ids(
    poll: PollDefinition, keys: MasterKeys, error: str
) -> None:
    with pytest.raises(NoIdsError, match=error):
        Batch(POLL, poll, keys)


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(NoIdsError, match="no class press"):
        Batch(POLL, definition(), KEYS).of_codes(1, [1], "press")
