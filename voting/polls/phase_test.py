import pytest

from voting.polls.event import Cut, Open
from voting.polls.phase import Phase, phase_of
from voting.testing.polls import POLL, PollLog

NOW = 1_764_000_000_000
OPENS = NOW + 60_000
CLOSES = OPENS + 60_000


@pytest.mark.parametrize(
    ("at_ms", "phase"),
    [
        (OPENS - 1, Phase.SCHEDULED),
        (OPENS, Phase.OPEN),
        (CLOSES - 1, Phase.OPEN),
        (CLOSES, Phase.CLOSED),
    ],
)
def test_time_moves_a_scheduled_poll_on(at_ms: int, phase: Phase) -> None:
    log = PollLog()
    log.define(NOW, opens_at_ms=OPENS, closes_at_ms=CLOSES)
    assert phase_of(log.book.polls[POLL], at_ms) is phase


def test_a_poll_opened_by_hand_is_a_draft_until_then() -> None:
    log = PollLog()
    log.define(NOW)
    assert phase_of(log.book.polls[POLL], NOW) is Phase.DRAFT
    log.append(Open(), NOW)
    assert phase_of(log.book.polls[POLL], NOW) is Phase.OPEN


def test_the_cut_makes_a_poll_final() -> None:
    log = PollLog()
    log.define(NOW, opens_at_ms=OPENS, closes_at_ms=CLOSES)
    settled_at_ms = log.book.polls[POLL].settled_at_ms
    assert settled_at_ms is not None
    assert log.append(Cut((1, 2)), settled_at_ms).refusal is None
    assert phase_of(log.book.polls[POLL], settled_at_ms) is Phase.FINAL
