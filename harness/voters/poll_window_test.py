"""What voters know of a poll decides which answers are wrong."""

import json

import pytest

from harness.voters.http_client import ClientAnswer
from harness.voters.poll_window import PollWindow, is_stale
from voting.testing.polls import ENTRIES

OPENS, CLOSES = 10_000, 20_000
CLOSED = "urn:voting:problem:poll-closed"
EARLY = "urn:voting:problem:poll-not-open"


def answer(status: int, **document: str) -> ClientAnswer:
    return ClientAnswer(status, "", {}, json.dumps(document).encode())


def window(closes_at_ms: int | None = CLOSES, clocks_ms: int = 0) -> PollWindow:
    return PollWindow("best", ENTRIES, OPENS, closes_at_ms, clocks_ms)


@pytest.mark.parametrize(
    ("status", "kind", "sent_ms", "answered_ms", "wrong"),
    [
        (202, "", CLOSES - 1, CLOSES + 5_000, False),
        (202, "", CLOSES, CLOSES + 1, True),
        (202, "", OPENS - 2, OPENS - 1, True),
        (202, "", OPENS - 2, OPENS, False),
        (409, CLOSED, CLOSES - 2, CLOSES - 1, True),
        (409, CLOSED, CLOSES - 2, CLOSES, False),
        (409, EARLY, OPENS - 1, OPENS + 50, False),
        (409, EARLY, OPENS, OPENS + 50, True),
        (409, "", OPENS, OPENS, True),
    ],
)
def test_an_answer_fits_the_times_of_the_poll(
    status: int, kind: str, sent_ms: int, answered_ms: int, wrong: bool
) -> None:
    got = answer(status, type=kind)
    assert (window().wrong_answer(got, sent_ms, answered_ms) is not None) == wrong


def test_clocks_that_differ_excuse_as_much_and_no_more() -> None:
    apart = window(clocks_ms=500)
    assert apart.wrong_answer(answer(202), CLOSES + 499, CLOSES + 600) is None
    assert apart.wrong_answer(answer(202), CLOSES + 500, CLOSES + 600) is not None
    closed = answer(409, type=CLOSED)
    assert apart.wrong_answer(closed, CLOSES - 600, CLOSES - 500) is None
    assert apart.wrong_answer(closed, CLOSES - 600, CLOSES - 501) is not None


def test_a_poll_without_an_end_is_never_closed() -> None:
    assert window(None).wrong_answer(answer(202), 10**9, 10**9) is None
    assert window(None).wrong_answer(answer(409, type=CLOSED), 10**9, 10**9) is not None


def test_people_vote_a_moment_too_early_and_a_moment_too_late() -> None:
    near = [window().is_near(at) for at in (OPENS - 301, OPENS - 300, CLOSES + 1999, CLOSES + 2000)]
    assert near == [False, True, True, False]
    assert window(None).is_near(10**9)


def test_a_route_that_is_not_fresh_says_so() -> None:
    assert is_stale(answer(503, detail="votes in polls cannot be accepted right now; retry"))
    assert not is_stale(answer(503, detail="Kafka is away; retry"))
