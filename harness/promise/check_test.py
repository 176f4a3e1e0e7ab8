"""The check finds every way in which a promise can be broken."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
import pytest

from harness.promise.check import RoundResult, round_result, violations
from harness.promise.ledger_reader import LedgerVotes, Rejections
from harness.promise.stores_reader import Contents
from harness.promise.trees_reader import SignedTree
from harness.voters.sent_votes import SentVotes
from voting.client.samples import poll_fields, sample_to_send
from voting.client.sent_vote import SentVote
from voting.domain.tally import PollTally, Tally, tally_of
from voting.domain.vote import Route
from voting.merkle.checkpoint import Checkpoint
from voting.merkle.testing.naive_tree import naive_nodes, naive_root
from voting.polls.event import Cut
from voting.polls.excluded import Excluded
from voting.polls.ruling import Ruling, vote_ids
from voting.stores.logged_vote import LoggedVote, Place
from voting.testing.examples import vote_with
from voting.testing.polls import DEFINITION, POLL, PollLog

ROUND: Final = "001 calm"
NOTHING: Final = Rejections(frozenset(), [])


def logged(number: int) -> LoggedVote:
    vote_id = f"00000000-0000-7000-8000-{number:012d}"
    vote = vote_with(id=vote_id, name="Rush", album=ROUND, rank=number)
    return LoggedVote(vote, Place(0, number), arrived_at_ms=1)


def logged_tally(votes: list[LoggedVote]) -> Tally:
    return tally_of(logged.vote for logged in votes)


def sent_votes_of(votes: list[LoggedVote]) -> SentVotes:
    sent_votes = SentVotes()
    for vote in (logged.vote for logged in votes):
        sent = SentVote.of(vote)
        sent_votes.sent[vote.id] = sent
        sent_votes.acknowledge(sent, at=0.0)
    return sent_votes


def contents_of(votes: list[LoggedVote], tally: Tally | None = None) -> Contents:
    first = {vote.id: vote for vote in votes}
    return Contents(LedgerVotes(first, len(votes)), votes, tally or logged_tally(votes), NOTHING)


VOTES: Final = [logged(number) for number in range(1, 6)]
MORE: Final = [*VOTES, logged(6)]
ALTERED: Final = [
    *VOTES[:4],
    msgspec.structs.replace(VOTES[4], vote=vote_with(id=VOTES[4].id, rank=50)),
]
POLLED: Final = [
    msgspec.structs.replace(one, vote=msgspec.structs.replace(one.vote, **poll_fields(number)))
    for number, one in enumerate(VOTES)
]
ELSEWHERE: Final = [
    *POLLED[:4],
    msgspec.structs.replace(
        POLLED[4], vote=msgspec.structs.replace(POLLED[4].vote, entry="another")
    ),
]
LATER: Final = [*VOTES[:4], msgspec.structs.replace(VOTES[4], place=Place(0, 50))]


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert violations(sent_votes_of(VOTES), contents_of(VOTES)) == []
    assert violations(sent_votes_of(POLLED), contents_of(POLLED)) == []


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (contents_of(VOTES), "in the vote log, but not what the voter sent first"),
        (contents_of(ELSEWHERE), "in the vote log, but not what the voter sent first"),
        (contents_of(POLLED, logged_tally(VOTES)), "tally is not the vote log's sum"),
        (contents_of(POLLED, logged_tally(ELSEWHERE)), "tally is not the vote log's sum"),
    ],
)
def test_a_vote_counted_in_the_wrong_place_is_found(contents: Contents, rule: str) -> None:
    found = {violation.rule for violation in violations(sent_votes_of(POLLED), contents)}
    assert rule in found


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (contents_of(VOTES[:4]), "acknowledged, but not in the vote log"),
        (contents_of([*VOTES, VOTES[0]]), "twice in the vote log"),
        (contents_of(ALTERED), "in the vote log, but not what the voter sent first"),
        (contents_of(MORE), "in the vote log, but nobody sent it"),
        (
            contents_of(VOTES)._replace(ledger=contents_of(LATER).ledger),
            "vote log is not the ledger's first copies",
        ),
        (contents_of(VOTES, logged_tally(VOTES[:4])), "tally is not the vote log's sum"),
        (contents_of(VOTES, logged_tally(ALTERED)), "tally is not the vote log's sum"),
        (
            contents_of(VOTES)._replace(rejections=Rejections(frozenset(), ["some-id"])),
            "valid, but rejected",
        ),
        (
            contents_of(VOTES)._replace(ledger=LedgerVotes({}, 6, frozenset({Place(0, 6)}))),
            "not a vote, but not rejected",
        ),
    ],
)
def test_a_broken_promise_is_found(contents: Contents, rule: str) -> None:
    found = {
        violation.rule: violation.times for violation in violations(sent_votes_of(VOTES), contents)
    }
    assert found[rule] > 0


def with_trees(size: int, *, changed: int | None = None) -> Contents:
    """Return contents whose notary has signed this many records, perhaps one of them another."""
    leaves = [bytes([number]) * 32 for number in range(6)]
    tree = [bytes(32) if number == changed else leaf for number, leaf in enumerate(leaves)][:size]
    nodes = naive_nodes(tree)
    signed = SignedTree(Checkpoint("votes/0", size, naive_root(tree)), nodes)
    contents = contents_of(VOTES)
    return contents._replace(ledger=contents.ledger._replace(leaves={0: leaves}), trees={0: signed})


def test_every_acknowledged_vote_must_be_proved() -> None:
    sent_votes = sent_votes_of(VOTES)
    assert violations(sent_votes, with_trees(6)) == []
    assert [str(found) for found in violations(sent_votes, with_trees(4))] == [
        f"acknowledged, but not proved by the notary: 2 ({VOTES[3].id}, {VOTES[4].id})"
    ]
    assert [found[:2] for found in violations(sent_votes, with_trees(6, changed=2))] == [
        ("the notary's tree is not of the ledger", 1),
        ("acknowledged, but not proved by the notary", 1),
    ]


def test_an_answer_that_a_voter_should_not_get_is_found() -> None:
    sent_votes = sent_votes_of(VOTES)
    sent_votes.wrong_answers["500 Internal Server Error"] += 1
    (violation,) = violations(sent_votes, contents_of(VOTES))
    assert str(violation) == "answers that no voter should get: 1 (500 Internal Server Error)"


def test_a_vote_without_an_answer_may_be_in_the_log_under_an_unknown_id() -> None:
    sent_votes = sent_votes_of(VOTES)
    sent_votes.anonymous = 1
    assert violations(sent_votes, contents_of(MORE)) == []


def test_votes_of_known_others_are_no_violation() -> None:
    sent_votes = sent_votes_of(VOTES)
    sent_votes.others = frozenset({MORE[-1].vote.name})
    assert violations(sent_votes, contents_of(MORE)) == []


def test_the_result_of_a_round_has_its_lost_and_its_double_votes() -> None:
    sent_votes = sent_votes_of(VOTES)
    assert round_result(ROUND, sent_votes, contents_of(VOTES)) == RoundResult(5, 0, 0)
    assert round_result(ROUND, sent_votes, contents_of(VOTES[:4])) == RoundResult(5, 1, 0)
    assert round_result(ROUND, sent_votes, contents_of(VOTES, logged_tally(MORE))) == RoundResult(
        5, 0, 1
    )
    assert round_result(ROUND, sent_votes, contents_of(VOTES, logged_tally([]))) == RoundResult(
        5, 5, 0
    )


def test_the_longest_gap_is_that_of_the_worse_route() -> None:
    sent_votes = SentVotes()
    for route, times in {Route.HTTP: (1, 2, 3, 9), Route.GRPC: (1, 2, 8, 9)}.items():
        for at in times:
            vote = sample_to_send(id=f"{route}-{at}", route=route)
            sent_votes.acknowledge(vote, at=float(at))
    assert sent_votes.longest_gap(1, 9) == 6
    assert sent_votes.longest_gap(2.5, 9) == 6
    assert sent_votes.longest_gap(8, 12) == 3
    assert sent_votes.alive_since(8.5)
    assert not sent_votes.alive_since(9)


OPENS: Final = 20_000
CLOSES: Final = 60_000


def in_poll(number: int, cast_at_ms: int = OPENS) -> LoggedVote:
    found = logged(number)
    fields = {"poll": POLL, "entry": "moon", "poll_event": 1, "cast_at_ms": cast_at_ms}
    return msgspec.structs.replace(found, vote=msgspec.structs.replace(found.vote, **fields))


def poll_contents(
    votes: list[LoggedVote], cut: int, final: list[LoggedVote] | None = None
) -> Contents:
    """Return the contents with a poll that is cut at this offset; `final` are those that count."""
    log = PollLog()
    log.define(1, opens_at_ms=OPENS, closes_at_ms=CLOSES)
    log.append(Cut((cut,)), CLOSES + DEFINITION.answer_within_ms + 1_000)
    counted = [vote for vote in votes if vote.place.offset < cut] if final is None else final
    return contents_of(votes)._replace(
        polls=log.book.polls, final={POLL: logged_tally(counted).poll(POLL)}
    )


IN_POLL: Final = [in_poll(number) for number in range(1, 6)]


def test_nothing_is_wrong_with_votes_in_a_poll_before_its_cut() -> None:
    assert violations(sent_votes_of(IN_POLL), poll_contents(IN_POLL, cut=6)) == []


def test_a_vote_behind_the_cut_that_nobody_was_promised_is_no_violation() -> None:
    sent_votes = sent_votes_of(IN_POLL)
    del sent_votes.acknowledged[IN_POLL[4].id]
    assert violations(sent_votes, poll_contents(IN_POLL, cut=5)) == []


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (poll_contents(IN_POLL, cut=5), "acknowledged, but behind the cut of its poll"),
        (
            poll_contents([*IN_POLL[:4], in_poll(5, CLOSES)], cut=6),
            "in the ledger, but cast while its poll was not open",
        ),
        (
            poll_contents([*IN_POLL[:4], in_poll(5, OPENS - 1)], cut=6),
            "in the ledger, but cast while its poll was not open",
        ),
        (
            poll_contents(IN_POLL, cut=6)._replace(polls=PollLog().book.polls, final={}),
            "in the ledger, but cast while its poll was not open",
        ),
        (
            poll_contents(IN_POLL, cut=6, final=IN_POLL[:4]),
            "final result is not the ledger's votes before the cut",
        ),
    ],
)
def test_a_broken_promise_about_a_poll_is_found(contents: Contents, rule: str) -> None:
    found = violations(sent_votes_of(IN_POLL), contents)
    assert rule in [violation.rule for violation in found]


def ruled_contents(
    excluded: Mapping[int, PollTally], votes: int = 3, by_ruling: int = 2
) -> Contents:
    """Return contents with a ruling on the first two votes, of which tally and result know."""
    contents = poll_contents(IN_POLL, cut=6)
    ids = vote_ids(UUID(one.id).bytes for one in IN_POLL[:2])
    ruling = Ruling(
        number=1, selection=ids, reason="bots", author="ana", event=4, proposed_at_ms=CLOSES,
        decided=5, decider="ben", approved=True,
    )  # fmt: skip
    polls = contents.polls or {}
    poll = msgspec.structs.replace(polls[POLL], rulings=(ruling,))
    left = logged_tally(IN_POLL[5 - votes :]).poll(POLL)
    result = {
        "classes": [{"number": 0}],
        "entries": [
            {"id": key, "classes": [{"votes": one.votes, "rank_sum": one.rank_sum}]}
            for key, one in left.entries.items()
        ],
        "rulings": [{"number": 1, "votes": by_ruling}],
    }
    return contents._replace(
        polls={**polls, POLL: poll},
        excluded={POLL: Excluded(dict(excluded))},
        results={POLL: result},
    )


TAKEN: Final = {1: logged_tally(IN_POLL[:2]).poll(POLL)}


def test_nothing_is_wrong_with_a_ruling_that_everybody_knows() -> None:
    assert violations(sent_votes_of(IN_POLL), ruled_contents(TAKEN)) == []


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (ruled_contents({}), "excluded in the tally"),
        (ruled_contents({2: TAKEN[1]}), "excluded in the tally"),
        (ruled_contents(TAKEN, votes=4), "published result"),
        (ruled_contents(TAKEN, by_ruling=1), "published result"),
    ],
)
def test_a_ruling_that_is_not_applied_is_found(contents: Contents, rule: str) -> None:
    [violation] = violations(sent_votes_of(IN_POLL), contents)
    assert violation.rule.startswith(rule)
