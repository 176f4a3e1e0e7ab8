import pytest

from svc_polls.api.answers import effective_at_ms, poll_state
from svc_polls.api.forms import form_of
from svc_polls.testing.fakes import NOW
from voting.polls.event import Change, Close, Define, Open
from voting.polls.poll import LEAD_MS
from voting.testing.polls import DEFINITION, POLL, PollLog


@pytest.mark.parametrize(
    ("changes", "after_ms"),
    [
        ([Define(DEFINITION)], LEAD_MS),
        ([Define(DEFINITION), Open()], 0),
        ([Define(DEFINITION), Open(), Close(None)], LEAD_MS),
        ([Define(DEFINITION), Open(), Close(NOW + 10**6)], LEAD_MS),
    ],
)
def test_an_answer_says_when_each_route_acts_on_a_change(
    changes: list[Change], after_ms: int
) -> None:
    log = PollLog()
    recorded = [log.append(change, NOW) for change in changes][-1]
    assert recorded.refusal is None
    assert effective_at_ms(recorded) == NOW + after_ms
    if changes[-1] == Close(None):
        assert log.book.polls[POLL].closes_at_ms == effective_at_ms(recorded)


def test_a_poll_is_shown_with_the_definition_that_can_be_sent_back() -> None:
    log = PollLog()
    log.append(Define(DEFINITION), NOW)
    state = poll_state(log.book.polls[POLL], NOW)
    assert state.definition == form_of(DEFINITION)
    assert (state.opens_at, state.closes_at, state.settles_at) == (None, None, None)
    log.append(Open(), NOW + 1)
    log.append(Close(NOW + 60_000), NOW + 2)
    state = poll_state(log.book.polls[POLL], NOW + 60_000)
    assert state.definition == form_of(DEFINITION)  # what happened since is beside it
    assert state.phase == "closed"
    assert state.settles_at is not None
    assert state.opens_at == "2025-11-24T16:00:00.001Z"
