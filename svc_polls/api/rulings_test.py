"""Rulings over HTTP, with the service as a process and a real broker."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.processes.waiting import wait_until
from svc_polls.testing.running import ANY, Organisers, Topics
from voting.polls.ruling import RULING_IDS_MAX
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]

ID = vote_with().id


@pytest.fixture
def open_poll(shared: Organisers, poll: str) -> str:
    shared.define(poll, voters={"scope": "awards-2026"})
    assert shared.ask("POST", f"/{poll}/open", headers=ANY).status_code == 200
    return poll


def propose(shared: Organisers, poll: str, who: str = "rea", **fields: Any) -> Any:
    form = {"reason": "Bots", **fields}
    return shared.ask("POST", f"/{poll}/rulings", who, ANY, json=form)


def test_a_ruling_takes_two_people(shared: Organisers, open_poll: str) -> None:
    rulings = f"/{open_poll}/rulings"
    proposed = propose(shared, open_poll, ids=[ID], batch=3)
    assert proposed.status_code == 200, proposed.text
    [ruling] = proposed.json()["poll"]["rulings"]
    assert (ruling["state"], ruling["ids"], ruling["batch"]) == ("proposed", 1, 3)
    own = shared.ask("POST", f"{rulings}/1/approve", "rea", ANY)
    assert own.status_code == 409
    assert own.json()["detail"] == "whoever proposed a ruling cannot approve it"
    approved = shared.ask("POST", f"{rulings}/1/approve", "ana", ANY)
    [ruling] = approved.json()["poll"]["rulings"]
    assert (ruling["state"], ruling["author"], ruling["decider"]) == ("in_force", "rea", "ana")
    shown = shared.ask("GET", f"{rulings}/1", "eva").json()
    assert (shown["ruling"], shown["ids"]) == (ruling, [ID])
    history = shared.ask("GET", f"/{open_poll}/history").json()["events"]
    assert [(one["change"], one["ruling"]) for one in history[-2:]] == [
        ("propose", 1),
        ("approve", 1),
    ]


def test_a_ruling_is_lifted_and_a_proposal_refused(shared: Organisers, open_poll: str) -> None:
    propose(shared, open_poll, voter_class="audience")
    shared.ask("POST", f"/{open_poll}/rulings/1/approve", "ana", ANY)
    for _ in range(2):
        assert propose(shared, open_poll, lifts=1).status_code == 200
    shared.ask("POST", f"/{open_poll}/rulings/2/refuse", "ana", ANY)
    lifted = shared.ask("POST", f"/{open_poll}/rulings/3/approve", "ana", ANY)
    rulings = lifted.json()["poll"]["rulings"]
    assert [one["state"] for one in rulings] == ["lifted", "refused", "in_force"]
    assert rulings[0]["lifted_by"] == 3


def test_of_two_who_decide_at_once_one_learns_of_the_other(
    shared: Organisers, open_poll: str
) -> None:
    seen = propose(shared, open_poll, voter_class="audience").headers["etag"]
    path = f"/{open_poll}/rulings/1"
    first = shared.ask("POST", f"{path}/refuse", "ana", {"if-match": seen})
    second = shared.ask("POST", f"{path}/approve", "ana", {"if-match": seen})
    assert (first.status_code, second.status_code) == (200, 412)
    unconditional = shared.ask("POST", f"{path}/approve", "ana", ANY)
    assert unconditional.json()["detail"] == "ruling 1 has been approved or refused"


def test_of_many_who_decide_at_once_at_two_instances_one_does(topics: Topics) -> None:
    here, there = topics.start(), topics.start()
    here.define("crowd", voters={"scope": "awards-2026"})
    here.ask("POST", "/crowd/open", headers=ANY)
    propose(here, "crowd", who="rea", voter_class="audience")

    def decide(number: int) -> int:
        one, decision = (here, there)[number % 2], ("approve", "refuse")[number // 2 % 2]
        return one.ask("POST", f"/crowd/rulings/1/{decision}", "ana", ANY).status_code

    wait_until(lambda: bool(there.poll("crowd")["rulings"]), "the other instance knows it")
    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(decide, range(8)))
    assert answers == [200] + 7 * [409]
    assert here.poll("crowd")["rulings"][0]["decider"] == "ana"


@pytest.mark.parametrize(
    ("path", "who", "headers", "status"),
    [
        ("rulings", "oli", ANY, 403),
        ("rulings", "eva", ANY, 403),
        ("rulings", "nobody", ANY, 401),
        ("rulings", "ana", {}, 428),
        ("rulings", "ana", {"if-match": "1"}, 412),
        ("rulings/1/approve", "oli", ANY, 403),
        ("rulings/1/approve", "ana", {}, 428),
        ("rulings/1/refuse", "eva", ANY, 403),
        ("rulings/2/approve", "ana", ANY, 404),
        ("rulings/0/refuse", "ana", ANY, 404),
        ("rulings/x/approve", "ana", ANY, 404),
        ("rulings/" + "9" * 5000 + "/approve", "ana", ANY, 404),
    ],
)
def test_who_may_rule_and_on_what_condition(
    shared: Organisers, open_poll: str, path: str, who: str, headers: Any, status: int
) -> None:
    assert propose(shared, open_poll, voter_class="audience").status_code == 200
    form = {"reason": "Bots", "lifts": 1}
    body = {"json": form} if path == "rulings" else {}
    answer = shared.ask("POST", f"/{open_poll}/{path}", who, headers, **body)
    assert answer.status_code == status, answer.text
    [ruling] = shared.poll(open_poll)["rulings"]
    assert ruling["state"] == "proposed"


def test_a_faulty_form_is_refused_with_its_field(shared: Organisers, open_poll: str) -> None:
    answer = propose(shared, open_poll, ids=["7"])
    assert (answer.status_code, answer.json()["field"]) == (422, "ids[0]")
    early = shared.ask("POST", "/none/rulings", "ana", ANY, json={"reason": "x", "lifts": 1})
    assert early.status_code == 404


def test_the_longest_list_of_ids_fits_and_a_longer_one_is_refused(
    shared: Organisers, open_poll: str
) -> None:
    ids = [f"019ab3c4-5d6e-7f80-9a1b-{number:012x}" for number in range(RULING_IDS_MAX + 1)]
    assert propose(shared, open_poll, ids=ids).status_code == 422
    assert (
        propose(shared, open_poll, ids=ids[:-1]).json()["poll"]["rulings"][0]["ids"] == len(ids) - 1
    )
    shown = shared.ask("GET", f"/{open_poll}/rulings/1").json()
    assert shown["ids"] == ids[:-1]
