import pytest
from hypothesis import given
from hypothesis import strategies as st
from polls.v1 import polls_pb2

from voting.polls.definition import Entry, PollDefinition, ShowResult, Titles
from voting.polls.event import (
    Approve,
    Close,
    Cut,
    Define,
    Event,
    Open,
    Propose,
    Publish,
    Refuse,
    Release,
    Revoke,
    decode_event,
    encode_event,
)
from voting.polls.event_parts import UnreadableEventError
from voting.polls.ruling import Between, Lift, OfClass, VoteIds
from voting.testing.polls import event, with_changes
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules, Way

times = st.none() | st.integers(1, 2**53)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
definitions = st.builds(
    PollDefinition,
    titles=st.builds(Titles, texts, texts),
    entries=st.lists(st.builds(Entry, texts, texts, texts, st.integers(0, 3000)), max_size=4).map(
        tuple
    ),
    rank_min=st.integers(0, 200),
    rank_max=st.integers(0, 200),
    opens_at_ms=times,
    closes_at_ms=times,
    show_result=st.sampled_from(ShowResult),
    rehearsal=st.booleans(),
    voters=st.none()
    | st.builds(
        VoterRules,
        scope=texts,
        key=st.integers(0, 255),
        votes=st.integers(0, 200),
        per_entry=st.booleans(),
        classes=st.just((AUDIENCE,))
        | st.lists(
            st.builds(VoterClass, texts, st.integers(0, 20), st.integers(0, 2_000)), min_size=1
        ).map(tuple),
        ways=st.lists(st.sampled_from(Way)).map(tuple),
    ),
    ties=st.lists(texts, max_size=3).map(tuple),
    releasers=st.integers(1, 9),
    answer_within_ms=st.integers(0, 100_000),
)
selections = st.one_of(
    st.builds(VoteIds, st.binary(max_size=100), st.none() | st.integers(1, 2**17)),
    st.builds(OfClass, st.integers(0, 20)),
    st.builds(Between, st.integers(0, 2**53), st.integers(0, 2**53)),
    st.builds(Lift, st.integers(0, 99)),
)
changes = st.one_of(
    st.builds(Define, definitions),
    st.just(Open()),
    st.builds(Close, times),
    st.builds(Cut, st.lists(st.integers(0, 2**53), max_size=12).map(tuple)),
    st.just(Release()),
    st.builds(Revoke, voter_class=st.integers(0, 20)),
    st.builds(Revoke, batch=st.integers(0, 2**17)),
    st.builds(Publish, st.binary(max_size=100)),
    st.builds(Propose, selections, texts),
    st.builds(Approve, st.integers(0, 99)),
    st.builds(Refuse, st.integers(0, 99)),
)
events = st.builds(
    Event,
    st.integers(1, 2**53),
    st.binary(max_size=32),
    st.integers(0, 2**53),
    texts,
    texts,
    changes,
)


@given(events)
def test_an_event_is_read_as_it_was_written(written: Event) -> None:
    assert decode_event(encode_event(written)) == written


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"not an event",
        polls_pb2.Event(number=1, poll="p").SerializeToString(),
        polls_pb2.Event(number=1, revoke=polls_pb2.Revoke()).SerializeToString(),
        polls_pb2.Event(number=1, propose=polls_pb2.Propose(reason="r")).SerializeToString(),
        polls_pb2.Event(number=0, open=polls_pb2.Open()).SerializeToString(),
        polls_pb2.Event(number=1, define=polls_pb2.Define()).SerializeToString(),
    ],
)
def test_other_records_are_no_events(value: bytes | None) -> None:
    with pytest.raises(UnreadableEventError):
        decode_event(value)


def test_a_change_of_a_later_version_is_not_guessed() -> None:
    later = encode_event(event(Open())).replace(b"\x5a\x00", b"\xfa\x01\x00")
    with pytest.raises(UnreadableEventError, match="does not know"):
        decode_event(later)


def test_one_releaser_is_written_as_before_there_could_be_two() -> None:
    one = encode_event(event(Define(with_changes(releasers=1))))
    assert not polls_pb2.Event.FromString(one).define.releasers
    assert len(encode_event(event(Define(with_changes(releasers=2))))) > len(one)
