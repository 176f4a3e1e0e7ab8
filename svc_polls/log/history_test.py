from svc_polls.log.history import HISTORY_MAX, PollHistory
from svc_polls.testing.fakes import NOW
from voting.polls.event import Change, Close, Cut, Define, Open, Revoke
from voting.testing.polls import AUTHOR, DEFINITION, POLL, PollLog, with_changes
from voting.voters.rules import VoterClass, VoterRules


class Noted:
    """A log whose events a history notes."""

    def __init__(self) -> None:
        self.log = PollLog()
        self.history = PollHistory()

    def append(self, change: Change, at_ms: int, poll: str = POLL) -> None:
        recorded = self.log.append(change, at_ms, poll)
        self.history.note(self.log.records[-1][0], recorded)


def test_each_event_of_a_poll_is_kept_in_short() -> None:
    noted = Noted()
    noted.append(Define(DEFINITION), NOW)
    noted.append(Define(with_changes(rank_max=5, rehearsal=False)), NOW + 1)
    noted.append(Define(DEFINITION), NOW + 2, "other")
    noted.append(Open(), NOW + 3)
    noted.append(Close(NOW + 60_000), NOW + 4)
    noted.append(Close(NOW), NOW + 5)
    noted.append(Cut((3, 4)), NOW + 90_000)
    events = noted.history.of(POLL, 0, 100)
    assert [event.change for event in events] == [
        "define",
        "define",
        "open",
        "close",
        "close",
        "cut",
    ]
    assert [event.number for event in events] == [1, 2, 4, 5, 6, 7]
    assert {event.author for event in events} == {AUTHOR}
    assert [event.fields for event in events[:2]] == [(), ("rank_max",)]
    assert [event.closes_at_ms for event in events[3:5]] == [NOW + 60_000, NOW]
    assert events[4].refusal == "a new end must be at least 11 s ahead"
    assert events[5].ends == (3, 4)
    assert [event.appended_at_ms for event in events[:3]] == [NOW, NOW + 1, NOW + 3]


def test_a_revocation_says_whose_tokens_it_takes_back() -> None:
    noted = Noted()
    classes = (VoterClass("audience"), VoterClass("jury", 1))
    noted.append(Define(with_changes(voters=VoterRules(scope="a", key=1, classes=classes))), NOW)
    noted.append(Revoke(voter_class=1), NOW)
    noted.append(Revoke(batch=7), NOW)
    noted.append(Revoke(voter_class=2), NOW)
    events = noted.history.of(POLL, 1, 9)
    assert [event.revoked for event in events] == ["class jury", "batch 7", "class 2"]
    assert events[2].refusal == "it has no such class of voters"


def test_a_refused_definition_shows_what_it_would_have_changed() -> None:
    noted = Noted()
    noted.append(Define(DEFINITION), NOW)
    noted.append(Define(with_changes(rehearsal=True)), NOW)
    noted.append(Define(with_changes(rank_max=5)), NOW)
    assert [event.fields for event in noted.history.of(POLL, 1, 9)] == [
        ("rehearsal",),
        ("rank_max",),
    ]


def test_pages_follow_each_other() -> None:
    noted = Noted()
    for rank in range(1, 8):
        noted.append(Define(with_changes(rank_max=rank)), NOW)
    assert [event.number for event in noted.history.of(POLL, 2, 3)] == [3, 4, 5]
    assert [event.number for event in noted.history.of(POLL, 5, 3)] == [6, 7]
    assert noted.history.of("other", 0, 3) == []


def test_of_very_many_events_the_newest_are_kept() -> None:
    noted = Noted()
    for number in range(HISTORY_MAX + 1):
        noted.append(Define(with_changes(rank_max=1 + number % 100)), NOW)
    events = noted.history.of(POLL, 0, 2 * HISTORY_MAX)
    assert [event.number for event in events] == [*range(2, HISTORY_MAX + 2)]


def test_events_of_polls_that_do_not_exist_are_not_kept() -> None:
    noted = Noted()
    noted.append(Open(), NOW, "nobody")
    assert noted.history.of("nobody", 0, 9) == []


async def test_who_waits_for_a_number_is_woken_by_its_event() -> None:
    noted = Noted()
    first, second = noted.history.standing(2), noted.history.standing(2)
    noted.append(Define(DEFINITION), NOW)
    assert not first.done()
    second.cancel()
    noted.append(Open(), NOW)
    assert first.result().value == noted.log.records[1][0]
    assert first.result().recorded.event.change == Open()
