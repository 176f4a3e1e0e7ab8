"""Reading and changing polls over HTTP, with the service as a process and a real broker."""

import pytest

from svc_polls.testing.running import ANY, FORM, Organisers, Topics, soon

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]


def test_a_rehearsal_is_copied_as_a_real_poll_without_its_times(
    shared: Organisers, poll: str
) -> None:
    voters: dict[str, object] = {"scope": "awards-2026", "key": 2, "votes": 3, "per_entry": False}
    voters |= {"classes": [{"name": "jury", "number": 0, "weight": 3}], "ways": ["codes"]}
    shared.define(poll, rehearsal=True, opens_at=soon(3600), closes_at=soon(7200), voters=voters)
    real = f"{poll}-real"
    copied = shared.ask("POST", f"/{poll}/copy", "eva", json={"as": real})
    assert copied.status_code == 201
    definition = copied.json()["poll"]["definition"]
    assert definition["entries"] == FORM["entries"]
    assert definition["voters"] == voters
    assert (definition["rehearsal"], definition["opens_at"]) == (False, None)
    again = shared.ask("POST", f"/{poll}/copy", json={"as": real})
    assert (again.status_code, again.json()["field"]) == (409, "as")
    timed = shared.ask("POST", f"/{poll}/copy", json={"as": f"{real}-2", "opens_at": soon(60)})
    assert timed.json()["poll"]["phase"] == "scheduled"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"if-match": '"99999"'}, 412),
        ({"if-none-match": "*"}, 412),
        ({"if-match": "first"}, 400),
        ({"if-match": '"1", "2"'}, 400),
        ({"if-match": "9" * 5000}, 400),
        ({"if-none-match": '"1"'}, 400),
        ({"if-match": "*", "if-none-match": "*"}, 400),
        ({"if-match": "*"}, 200),
    ],
)
def test_a_change_names_the_state_that_was_seen(
    shared: Organisers, poll: str, headers: dict[str, str], status: int
) -> None:
    before = shared.define(poll).json()["event"]
    answer = shared.ask("PUT", f"/{poll}", headers=headers, json=FORM | {"scale": {"max": 5}})
    assert answer.status_code == status, answer.text
    assert (shared.poll(poll)["event"] != before) == (status == 200)
    if status == 428:
        assert shared.ask("POST", f"/{poll}/open").status_code == 428


def test_a_new_poll_needs_no_condition(shared: Organisers, poll: str) -> None:
    missing = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
    assert (missing.status_code, missing.json()["detail"]) == (412, "there is no such poll")
    assert shared.ask("PUT", f"/{poll}", json=FORM).status_code == 201


def test_rules_refuse_with_their_reason(shared: Organisers, poll: str) -> None:
    shared.define(poll)
    refused = shared.ask("POST", f"/{poll}/close", headers=ANY)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "it is not open yet: replace its definition"
    assert shared.define(f"{poll}-late", opens_at=soon(10)).status_code == 409
    assert shared.ask("POST", f"/{poll}/open", headers=ANY).status_code == 200
    frozen = shared.ask("PUT", f"/{poll}", headers=ANY, json=FORM)
    assert frozen.json()["detail"] == "its definition is frozen from 11 s before it opens"
    assert shared.ask("POST", f"/{poll}/release", headers=ANY).status_code == 409
    assert shared.ask("POST", "/nobody/open", headers=ANY).status_code == 404


def test_lists_and_histories_come_in_pages(topics: Topics) -> None:
    ana = topics.start()
    names = [f"poll-{number}" for number in range(5)]
    for name in names:
        assert ana.define(name).status_code == 201
    first = ana.ask("GET", "?limit=3").json()
    rest = ana.ask("GET", f"?limit=3&after={first['next']}").json()
    assert [poll["id"] for poll in first["polls"] + rest["polls"]] == names
    assert rest["next"] is None
    assert first["polls"][0]["entries"] == 2
    for _ in range(3):
        ana.ask("PUT", f"/{names[0]}", headers=ANY, json=FORM)
    page = ana.ask("GET", f"/{names[0]}/history?limit=2").json()
    assert [event["number"] for event in page["events"]] == [1, 6]
    rest = ana.ask("GET", f"/{names[0]}/history?limit=2&after={page['next']}").json()
    assert [event["number"] for event in rest["events"]] == [7, 8]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("after=_", "after")],
)
def test_pages_have_bounds(shared: Organisers, query: str, field: str) -> None:
    answer = shared.ask("GET", f"?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert shared.ask("GET", "?limit=500").status_code == 200
    assert shared.ask("GET", "/a/history?after=-1").json()["field"] == "after"
