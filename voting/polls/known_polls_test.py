from contextlib import nullcontext
from typing import Final

import pytest

from voting.domain.vote import InvalidVoteError
from voting.polls.known_polls import (
    NO_SUCH_ENTRY,
    KnownPolls,
    NoVoterKeyError,
    PollRefusedError,
    RefusalKind,
    StalePollsError,
    UntimelyVoteError,
)
from voting.polls.poll import FRESH_MS, SKEW_MS
from voting.testing.examples import vote_with
from voting.testing.polls import ENTRIES, POLL, PollLog
from voting.voters.keys import MasterKeys, read_keys
from voting.voters.rules import VoterRules

NOW: Final = 1_764_000_000_000
OPENS: Final = NOW + 20_000
CLOSES: Final = OPENS + 60_000
MOON: Final = ENTRIES[0]


@pytest.fixture
def log() -> PollLog:
    return PollLog()


@pytest.fixture
def known(log: PollLog) -> KnownPolls:
    log.define(NOW, opens_at_ms=OPENS, closes_at_ms=CLOSES, rank_min=1, rank_max=5)
    known = KnownPolls()
    learn(known, log)
    return known


def learn(known: KnownPolls, log: PollLog, now_ms: int = OPENS) -> None:
    for value, appended_at_ms in log.records[known.book.number :]:
        known.book.apply(value, appended_at_ms)
    known.prove(now_ms)


def refusal(known: KnownPolls, poll: str, now_ms: int) -> str:
    known.prove(now_ms)
    with pytest.raises(PollRefusedError) as caught:
        known.open_poll(poll, now_ms)
    return caught.value.kind


def test_an_open_poll_is_found_while_the_last_proof_is_fresh(known: KnownPolls) -> None:
    for now_ms in (OPENS, OPENS + FRESH_MS):
        assert known.open_poll(POLL, now_ms).poll.id == POLL
    for now_ms in (OPENS + FRESH_MS + 1, OPENS - 1):  # the clock was set back
        with pytest.raises(StalePollsError):
            known.open_poll(POLL, now_ms)
    assert known.age_ms(OPENS + 7) == 7


def test_nothing_is_known_before_the_first_proof() -> None:
    with pytest.raises(StalePollsError):
        KnownPolls().open_poll(POLL, NOW)


def test_each_refusal_has_a_kind(log: PollLog, known: KnownPolls) -> None:
    assert refusal(known, "other", OPENS) == RefusalKind.NO_SUCH_POLL
    assert refusal(known, POLL, CLOSES) == RefusalKind.CLOSED
    early = KnownPolls()
    learn(early, log, NOW)
    assert refusal(early, POLL, OPENS - 1) == RefusalKind.NOT_OPEN


def test_entries_are_found_by_id_and_by_what_they_name(known: KnownPolls) -> None:
    poll = known.open_poll(POLL, OPENS)
    assert poll.entry("moon") == MOON
    assert poll.entry_named(MOON.name, MOON.album, MOON.year) == MOON
    with pytest.raises(InvalidVoteError) as by_id:
        poll.entry("sun")
    with pytest.raises(InvalidVoteError) as by_album:
        poll.entry_named(MOON.name, MOON.album, 1974)
    assert (by_id.value.field, by_album.value.field) == ("entry", "album")
    assert by_id.value.kind == by_album.value.kind == NO_SUCH_ENTRY


def test_entries_follow_the_definition(log: PollLog, known: KnownPolls) -> None:
    known.open_poll(POLL, OPENS).entry("moon")
    log.define(NOW + 1, opens_at_ms=OPENS, entries=ENTRIES[1:])
    learn(known, log)
    with pytest.raises(InvalidVoteError):
        known.open_poll(POLL, OPENS).entry("moon")


@pytest.mark.parametrize(("rank", "good"), [(0, False), (1, True), (5, True), (6, False)])
def test_the_scale_of_the_poll_holds(known: KnownPolls, rank: int, good: bool) -> None:
    poll = known.open_poll(POLL, OPENS)
    if good:
        assert poll.check_rank(rank) == rank
    else:
        with pytest.raises(InvalidVoteError, match="rank: must be from 1 to 5"):
            poll.check_rank(rank)


VOTE: Final = vote_with(
    name=MOON.name,
    album=MOON.album,
    year=MOON.year,
    rank=5,
    poll=POLL,
    entry="moon",
    poll_event=1,
    cast_at_ms=OPENS,
)


def test_a_vote_that_another_program_judged_is_judged_again(known: KnownPolls) -> None:
    known.check(VOTE, OPENS + 1)
    late = CLOSES - 1
    known.prove(CLOSES + 7_000)
    known.check(vote_with(**fields(cast_at_ms=late)), CLOSES + 7_000)  # still within its time


def fields(**changes: object) -> dict[str, object]:
    return {name: getattr(VOTE, name) for name in VOTE.__struct_fields__} | changes


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cast_at_ms": OPENS - 1}, PollRefusedError),
        ({"cast_at_ms": CLOSES}, PollRefusedError),
        ({"poll": "other"}, PollRefusedError),
        ({"entry": "sun"}, InvalidVoteError),
        ({"album": "Another"}, InvalidVoteError),
        ({"rank": 6}, InvalidVoteError),
        ({"voter_class": 1}, InvalidVoteError),
        ({"poll_event": 2}, StalePollsError),  # the route knows an event that we do not
    ],
)
def test_another_programs_mistake_is_found(
    known: KnownPolls, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        known.check(vote_with(**fields(**changes)), OPENS + 1)


@pytest.mark.parametrize(
    ("age_ms", "timely"),
    [(-SKEW_MS - 1, False), (-SKEW_MS, True), (7_000 + SKEW_MS, True), (7_001 + SKEW_MS, False)],
)
def test_a_vote_is_written_only_near_its_time(known: KnownPolls, age_ms: int, timely: bool) -> None:
    read = CLOSES - 1
    known.prove(read + age_ms)
    with nullcontext() if timely else pytest.raises(UntimelyVoteError):
        known.check(vote_with(**fields(cast_at_ms=read)), read + age_ms)


def test_a_vote_is_accepted_no_later_than_its_poll_allows(known: KnownPolls) -> None:
    read = CLOSES - 1
    assert known.may_still_accept(POLL, read, read + 7_000)
    assert not known.may_still_accept(POLL, read, read + 7_001)
    assert not known.may_still_accept("other", read, read)


@pytest.mark.parametrize(
    ("keys", "messages"),
    [
        (
            read_keys(""),
            [f"poll {POLL} gets no votes here: VOTER_KEYS has no key 7 for its voters' tokens"],
        ),
        (None, []),  # svc_grpc_server sees no tokens, and takes the votes
    ],
)
def test_who_checks_tokens_says_once_which_key_it_lacks(
    log: PollLog, caplog: pytest.LogCaptureFixture, keys: MasterKeys | None, messages: list[str]
) -> None:
    log.define(NOW, opens_at_ms=OPENS, voters=VoterRules(scope="awards-2026", key=7))
    known = KnownPolls(keys)
    learn(known, log)
    for _ in range(2):
        with pytest.raises(NoVoterKeyError):
            known.open_poll(POLL, OPENS).ballot_id("a token", None, MOON.id)
    known.check(VOTE, OPENS)
    assert caplog.messages == messages
