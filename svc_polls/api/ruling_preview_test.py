"""Who may see what an open proposal would take, with the service as a process and real servers."""

from typing import Any, Final

import pytest

from harness.processes.waiting import wait_until
from svc_polls.api.ruling_answers import entry_votes
from svc_polls.testing.running import ANY, Organisers
from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route
from voting.testing.examples import vote_with
from voting.testing.polls import CLASSES, with_changes
from voting.voters.rules import VoterRules

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]

ID: Final = vote_with().id
NOTHING: Final = {"state": "counted", "votes": 0, "votes_now": 0, "entries": None, "reason": None}


def propose(shared: Organisers, poll: str, show_result: str) -> str:
    """Return the path of a proposal in an open poll without votes."""
    shared.define(poll, show_result=show_result, voters={"scope": "awards-2026"})
    assert shared.ask("POST", f"/{poll}/open", headers=ANY).is_success
    form = {"reason": "Bots", "ids": [ID]}
    assert shared.ask("POST", f"/{poll}/rulings", "rea", ANY, json=form).is_success
    return f"/{poll}/rulings/1"


def look(shared: Organisers, path: str, who: str) -> Any:
    """Return the preview as soon as it is counted, or hidden."""
    found: list[Any] = []

    def is_there() -> bool:
        found.append(shared.ask("GET", path, who).json()["preview"])
        return bool(found[-1]["state"] != "counting")

    wait_until(is_there, "the preview")
    return found[-1]


@pytest.mark.parametrize("show_result", ["on_release", "on_close"])
def test_until_the_result_is_shown_releasers_see_a_sum_and_others_nothing(
    shared: Organisers, poll: str, show_result: str
) -> None:
    path = propose(shared, poll, show_result)
    for who in ("rea", "ana"):
        assert look(shared, path, who) == NOTHING
    for who in ("eva", "oli"):
        assert look(shared, path, who) == {**dict.fromkeys(NOTHING), "state": "hidden"}


def test_what_the_audience_sees_organisers_see_by_entry(shared: Organisers, poll: str) -> None:
    path = propose(shared, poll, "live")
    for who in ("rea", "eva", "oli"):
        assert look(shared, path, who) == NOTHING | {"entries": []}


def test_a_ruling_that_is_decided_has_no_preview_and_ids_can_be_left_out(
    shared: Organisers, poll: str
) -> None:
    path = propose(shared, poll, "live")
    assert shared.ask("GET", f"{path}?ids=false").json()["ids"] == []
    assert shared.ask("GET", f"{path}?ids=true").json()["ids"] == [ID]
    wrong = shared.ask("GET", f"{path}?ids=0")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "ids")
    assert shared.ask("POST", f"{path}/approve", "ana", ANY).is_success
    assert shared.ask("GET", path).json()["preview"] is None


def test_entries_have_their_votes_of_all_classes_in_the_order_of_the_poll() -> None:
    definition = with_changes(voters=VoterRules(scope="awards", key=1, classes=CLASSES))
    taken = PollTally(
        {
            "blue": EntryTally(1, 1),
            "moon": EntryTally(2, 9),
            "moon@1": EntryTally(3, 9),
            "stray": EntryTally(1, 1),
        },
        {Route.HTTP: 7},
    )
    found = [(one.id, one.votes) for one in entry_votes(taken, definition)]
    assert found == [("moon", 5), ("blue", 1)]
