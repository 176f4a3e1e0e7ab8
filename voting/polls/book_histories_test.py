"""Any changes in any order: what a book of polls promises holds in every history."""

from hypothesis import given
from hypothesis import strategies as st

from voting.polls.book import PollBook
from voting.polls.definition import ShowResult
from voting.polls.event import (
    Approve,
    Change,
    Close,
    Cut,
    Define,
    Open,
    Propose,
    Publish,
    Refuse,
    Release,
    Revoke,
)
from voting.polls.poll import LEAD_MS
from voting.polls.ruling import Between, Lift, open_proposal
from voting.testing.polls import PollLog, with_changes
from voting.voters.rules import VoterRules

changes = st.one_of(
    st.builds(
        Define,
        st.builds(
            with_changes,
            opens_at_ms=st.none() | st.integers(1, 80_000),
            closes_at_ms=st.none() | st.integers(1, 80_000),
            show_result=st.sampled_from(ShowResult),
            rehearsal=st.booleans(),
            voters=st.none() | st.just(VoterRules(scope="a", key=1)),
        ),
    ),
    st.just(Open()),
    st.builds(Close, st.none() | st.integers(1, 90_000)),
    st.builds(Cut, st.just((1, 2))),
    st.just(Release()),
    st.builds(Revoke, voter_class=st.integers(0, 1)),
    st.builds(Revoke, batch=st.integers(1, 3)),
    st.builds(Publish, st.sampled_from([b"", b"{}", b"{1}"])),
    st.builds(Propose, st.just(Between(1, 9)) | st.builds(Lift, st.integers(1, 3)), st.just("why")),
    st.builds(Approve, st.integers(1, 4)),
    st.builds(Refuse, st.integers(1, 4)),
)
steps = st.lists(
    st.tuples(
        changes,
        st.sampled_from(["a", "b"]),
        st.integers(0, 15_000),
        st.sampled_from(["ana", "rea"]),
    )
)


@given(steps, st.data())
def test_every_history_keeps_the_promises(
    steps: list[tuple[Change, str, int, str]], data: st.DataObject
) -> None:
    log, at_ms = PollLog(), 0
    for change, poll_id, pause, author in steps:
        at_ms += pause
        before = log.book.polls.get(poll_id)
        log.append(change, at_ms, poll_id, author)
        after = log.book.polls.get(poll_id)
        if before is None or after is None or before == after:
            continue
        if before.is_closed(at_ms):
            assert (after.opens_at_ms, after.closes_at_ms) == (
                before.opens_at_ms,
                before.closes_at_ms,
            )
        # A route that is up to `FRESH_MS` behind judges as one that knows all.
        for now_ms in range(at_ms, at_ms + LEAD_MS, 500):
            if before.opens_at_ms is not None:
                assert before.is_open(now_ms) == after.is_open(now_ms)
        if before.is_frozen(at_ms):
            assert after.definition == before.definition
        assert before.revoked_classes <= after.revoked_classes
        assert before.revoked_batches <= after.revoked_batches
        if before.cut is not None:
            assert (after.cut, after.closes_at_ms) == (before.cut, before.closes_at_ms)
        assert after.published is None or after.cut is not None
        assert before.published in {None, after.published}
        if before.published is not None:
            assert after.rulings == before.rulings
        if after.published is not None:
            assert open_proposal(after.rulings) is None
        for old, new in zip(before.rulings, after.rulings, strict=False):
            assert old.decided in {None, new.decided}
            assert (new.selection, new.reason, new.event) == (old.selection, old.reason, old.event)
        for one in after.rulings:
            assert not one.approved or one.decider not in {None, one.author}
    # The same records give the same state, in one go or with copies and lost races in between.
    again = PollBook()
    for value, appended_at_ms in log.records:
        again.apply(value, appended_at_ms)
        if data.draw(st.booleans()):
            assert again.apply(value, appended_at_ms + 1) is None
    assert (again.polls, again.last_hash) == (log.book.polls, log.book.last_hash)
