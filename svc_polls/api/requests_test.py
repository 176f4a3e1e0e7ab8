"""Who may ask for what, and what is wrong with a request; the service is a process."""

from typing import Any

import pytest

from svc_polls.testing.running import FORM, ROLES, Organisers

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("PUT", "", {"ana", "eva"}),
        ("POST", "/copy", {"ana", "eva"}),
        ("POST", "/open", {"ana", "oli"}),
        ("POST", "/close", {"ana", "oli"}),
        ("POST", "/release", {"ana", "rea"}),
        ("GET", "", {*ROLES}),
        ("GET", "/history", {*ROLES}),
    ],
)
def test_each_role_may_do_its_work_and_no_other(
    shared: Organisers, method: str, path: str, may: set[str]
) -> None:
    for who in ROLES:
        answer = shared.ask(method, f"/nobody{path}", who)
        assert (answer.status_code != 403) == (who in may), (who, answer.text)
        assert answer.status_code in {403, 404, 415, 428}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic ana", "Bearer ana ben", "ana"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/a"), ("GET", "/a/history"), ("PUT", "/a"), ("POST", "/a/open"),
     ("POST", "/a/close"), ("POST", "/a/release"), ("POST", "/a/copy")],
)  # fmt: skip
def test_without_a_token_of_an_organiser_nothing_is_answered(
    shared: Organisers, given: str, method: str, path: str
) -> None:
    answer = shared.ask(method, path, headers={"authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="polls"'
    assert answer.headers["content-type"] == "application/problem+json"


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in FORM.items() if name != field}


def entry(**fields: Any) -> dict[str, Any]:
    return FORM | {"entries": [FORM["entries"][0], FORM["entries"][1] | fields]}


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (without("titles"), None, "missing required field `titles`"),
        (FORM | {"colour": 1}, None, "unknown field `colour`"),
        (FORM | {"titles": {"en": "x"}}, "titles", "missing required field `es`"),
        (FORM | {"titles": {"en": "x", "es": " "}}, "titles.es", "must"),
        (FORM | {"entries": []}, "entries", "must be 1 to 500"),
        (entry(year="1971"), "entries[1].year", "Expected `int`, got `str`"),
        (entry(year=1899), "entries[1].year", "must be from 1900 to 2100"),
        (entry(id="Blue"), "entries[1].id", "must be lower-case letters"),
        (entry(id="moon"), "entries", "2 entries have the same id: moon"),
        (entry(name="x" * 201), "entries[1].name", "200"),
        (FORM | {"scale": {"min": 5, "max": 4}}, "scale", "the scale must lie in 1 to 100"),
        (FORM | {"opens_at": "tomorrow"}, "opens_at", "must be a time like"),
        (FORM | {"closes_at": "2026-12-31T20:00:00"}, "closes_at", "must be a time like"),
        (
            FORM | {"opens_at": "2030-01-01T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"},
            "closes_at",
            "must be after the poll opens",
        ),
        (FORM | {"show_result": "never"}, "show_result", "Invalid enum value"),
        (FORM | {"rehearsal": "yes"}, "rehearsal", "Expected `bool`"),
        (FORM | {"\u202e" * 400: 1}, None, "unknown field"),
        ([], None, "Expected `object`"),
    ],
)
def test_a_wrong_definition_is_refused_with_the_field(
    shared: Organisers, poll: str, body: Any, field: str | None, reason: str
) -> None:
    answer = shared.ask("PUT", f"/{poll}", json=body)
    problem = answer.json()
    assert (answer.status_code, problem.get("field")) == (422, field), problem
    assert reason in problem["detail"]
    assert len(problem["detail"]) < 3000
    assert problem["detail"].isprintable()
    assert shared.ask("GET", f"/{poll}").status_code == 404


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"", "application/json", 400),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    shared: Organisers, poll: str, content: bytes, kind: str, status: int
) -> None:
    answer = shared.ask("PUT", f"/{poll}", headers={"content-type": kind}, content=content)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_bound(shared: Organisers, poll: str, size: int, chunked: bool) -> None:
    body = b'{"titles":' + b" " * (size - 13) + b"7, "
    content: Any = iter([body[:9], body[9:]]) if chunked else body
    kind = {"content-type": "application/json"}
    answer = shared.ask("PUT", f"/{poll}", headers=kind, content=content)
    assert len(body) == size
    assert answer.status_code == (413 if size > 1 << 20 else 422), answer.text


@pytest.mark.parametrize("poll_id", ["Best", "a_b", "-a", "a" * 65, "%00", "ä"])
def test_an_id_that_no_poll_can_have_is_named(shared: Organisers, poll_id: str) -> None:
    for method, headers in (("GET", None), ("PUT", {"content-type": "application/json"})):
        answer = shared.ask(method, f"/{poll_id}", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "id")
