from urllib.parse import urlencode

import pytest

from voting.domain.vote import TEXT_MAX, Route, Vote, check_vote
from voting.http.problem import ProblemError
from voting.route.form_post import (
    FORM_MAX,
    check_sender,
    is_form,
    language_of,
    read_fields,
    read_form_vote,
)
from voting.service.clock_watch import now_ms
from voting.testing.polls import trial_polls

FORM = "5b0c1f6e-0d5c-4c3e-9a68-2f1f6f0c8a11"
GOOD = {
    "name": "فيروز",
    "album": "Blue & Green=1",
    "year": "1973",
    "rank": "29",
    "form": FORM,
    "lang": "es",
}


def vote_of(**changes: str) -> Vote:
    fields = read_fields(urlencode(GOOD | changes).encode())
    return read_form_vote(fields, Route.HTTP, lambda: "no id is made", trial_polls(now_ms()))


def refusal(fields: dict[str, str]) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        read_form_vote(
            read_fields(urlencode(fields).encode()), Route.HTTP, lambda: FORM, trial_polls(now_ms())
        )
    return caught.value


def test_a_form_is_a_vote() -> None:
    vote = vote_of()
    assert (vote.name, vote.album, vote.year, vote.rank) == ("فيروز", "Blue & Green=1", 1973, 29)
    assert check_vote(vote) == vote


def test_the_same_form_is_the_same_vote_in_any_language() -> None:
    assert vote_of().id == vote_of(lang="en", name=" فيروز ").id
    assert vote_of().id[14] == "8"
    assert vote_of().id != FORM


@pytest.mark.parametrize(
    "change",
    [{"rank": "30"}, {"year": "1974"}, {"name": "Fairuz"}, {"form": FORM.replace("5", "6")}],
)
def test_other_content_or_another_form_is_another_vote(change: dict[str, str]) -> None:
    assert vote_of(**change).id != vote_of().id


def test_an_id_in_the_form_is_kept() -> None:
    assert vote_of(id=FORM.upper()).id == FORM


def test_a_form_without_form_or_id_gets_a_new_uuid() -> None:
    first, second = (read_fields(b"name=a&album=b&year=1973&rank=1")["form"] for _ in range(2))
    assert first != second


def test_an_empty_form_is_refused_for_its_first_missing_field() -> None:
    with pytest.raises(ProblemError) as caught:
        read_form_vote(read_fields(b""), Route.HTTP, lambda: FORM, trial_polls(now_ms()))
    assert caught.value.problem.field == "name"


def test_the_longest_texts_fit() -> None:
    long = "\U0001d11e" * TEXT_MAX
    assert vote_of(name=long, album=long).name == long


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"album": ""}, "album"),
        ({"year": ""}, "year"),
        ({"rank": "101"}, "rank"),
        ({"form": "7"}, "form"),
        ({"form": "00000000-0000-0000-0000-000000000000"}, "form"),
        ({"id": "7"}, "id"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, str], field: str) -> None:
    problem = refusal(GOOD | change).problem
    assert (problem.status, problem.field) == (422, field)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"name", 400),
        (b"name=%ff", 400),
        ("name=\u00fc".encode(), 400),
        (b"name=a&" * 12 + b"name=a", 400),
        (b"name=a&name=b", 422),
        (b"name=a&color=red", 422),
        (b"a" * FORM_MAX, 400),
        (b"a" * (FORM_MAX + 1), 413),
    ],
)
def test_a_body_that_is_not_a_vote_form_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(ProblemError) as caught:
        read_fields(body)
    assert caught.value.problem.status == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "none"},
        {"origin": "https://Votes.example.com", "host": "votes.example.com"},
        {"origin": "http://10.0.0.7:8080", "host": "10.0.0.7:8080"},
    ],
)
def test_our_own_page_may_send_a_form(headers: dict[str, str]) -> None:
    check_sender(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://us", "host": "us"},
        {"origin": "null", "host": "us"},
        {"origin": "https://evil.example", "host": "us"},
        {"origin": "http://[", "host": "us"},
        {"origin": "http://us:81", "host": "us"},
    ],
)
def test_another_sites_page_may_not_send_a_form(headers: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as caught:
        check_sender(headers)
    assert caught.value.problem.status == 403


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-URLencoded; charset=utf-8", True),
        ("application/json", False),
        ("multipart/form-data; boundary=x", False),
        (None, False),
    ],
)
def test_a_form_is_recognised_by_its_content_type(content_type: str | None, form: bool) -> None:
    assert is_form(content_type) is form


def test_the_form_language_has_precedence_over_the_browsers() -> None:
    assert language_of({"lang": "es"}, "en") == "es"
    assert language_of({"lang": "tlh"}, "es-AR") == "es"
    assert language_of({}, None) == "en"
