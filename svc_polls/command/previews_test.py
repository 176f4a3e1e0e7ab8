import pytest

from svc_polls.api.ruling_answers import (
    EntryVotes,
    PreviewState,
    RulingPreview,
    RulingSummary,
    RulingWithIds,
    ruling_summaries,
)
from svc_polls.command.client import RefusedError
from svc_polls.command.previews import check_votes, entry_lines, preview_line
from voting.polls.event import Approve, Open, Propose
from voting.polls.ruling import Between, Lift
from voting.testing.polls import POLL, PollLog

UNKNOWN = RulingPreview(state=PreviewState.UNKNOWN, reason="Redis is away")


def summaries() -> list[RulingSummary]:
    """Return a ruling, and a proposal to lift it."""
    log = PollLog()
    log.define(1)
    log.append(Open(), 2)
    log.append(Propose(Between(1, 2), "Bots"), 3)
    log.append(Approve(1), 4, author="ben")
    log.append(Propose(Lift(1), "People"), 5)
    return ruling_summaries(log.book.polls[POLL])


EXCLUSION, LIFT = summaries()


def counted(votes: int, votes_now: int) -> RulingPreview:
    return RulingPreview(state=PreviewState.COUNTED, votes=votes, votes_now=votes_now)


@pytest.mark.parametrize(
    ("ruling", "preview", "line"),
    [
        (EXCLUSION, counted(212, 10_400), "ruling 1 takes 212 votes of 10,400 as of now"),
        (EXCLUSION, counted(1, 1), "ruling 1 takes 1 vote of 1 as of now"),
        (EXCLUSION, counted(0, 0), "ruling 1 takes 0 votes of 0 as of now"),
        (LIFT, counted(1_212, 9), "ruling 2 gives back 1,212 votes, besides 9 that count now"),
        (LIFT, counted(1, 9), "ruling 2 gives back 1 vote, besides 9 that count now"),
        (
            EXCLUSION,
            RulingPreview(state=PreviewState.COUNTING),
            "how many votes ruling 1 takes is still being counted: look again with `rulings`",
        ),
        (LIFT, UNKNOWN, "how many votes ruling 2 gives back cannot be known now: Redis is away"),
        (
            EXCLUSION,
            RulingPreview(state=PreviewState.HIDDEN),
            "how many votes ruling 1 takes is for releasers only, until the result is shown",
        ),
    ],
)
def test_a_preview_is_said_in_words(
    ruling: RulingSummary, preview: RulingPreview, line: str
) -> None:
    assert preview_line(ruling, preview) == line


def test_entries_are_listed_where_there_are_any() -> None:
    shown = RulingPreview(
        state=PreviewState.COUNTED,
        entries=[EntryVotes("moon", 1_200), EntryVotes("blue", 1)],
    )
    assert entry_lines(shown) == ["entry  votes", "moon   1,200", "blue   1"]
    for without in (None, UNKNOWN, counted(3, 4)):
        assert entry_lines(without) == []


def test_only_the_expected_number_may_be_approved() -> None:
    check_votes(RulingWithIds(EXCLUSION, [], counted(212, 10_400)), 212)
    for preview, said in (
        (counted(212, 10_400), "takes 212 votes of 10,400 as of now; it was not approved"),
        (UNKNOWN, "cannot be known now: Redis is away; it was not approved"),
        (None, "ruling 1 has been approved or refused"),
    ):
        with pytest.raises(RefusedError, match=said):
            check_votes(RulingWithIds(EXCLUSION, [], preview), 211)
