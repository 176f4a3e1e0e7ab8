"""What a browser gets for a form posted to a route, over sockets."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from voting.testing.route_client import trial_route

ACCEPTED = 'votes_accepted_total{route="http"}'

GOOD = {
    "name": "Björk",
    "album": "Homogenic",
    "year": "1997",
    "rank": "88",
    "form": "5b0c1f6e-0d5c-4c3e-9a68-2f1f6f0c8a11",
    "lang": "en",
}
NASTY = '"><script>alert(1)</script>&amp;'
# Words for operators that voters must not see.
JARGON = re.compile(r"kafka|redis|mongo|grpc|\bid\b|field|json|http|server", re.IGNORECASE)


class Inputs(HTMLParser):
    """The values of a page's inputs by name, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str | None] = {}
        self.wrong: list[str | None] = []
        self.text = ""
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        found = dict(attrs)
        if tag == "input":
            self.values[found["name"] or ""] = found["value"]
            if "aria-invalid" in found:
                self.wrong.append(found["name"])

    def handle_data(self, data: str) -> None:
        self.text += "" if self._in_style else data


def refused(status: int) -> str:
    return f'votes_refused_total{{route="http",status="{status}"}}'


class Form:
    """Posts forms to a running route."""

    def __init__(self, port: int) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)

    def post(self, fields: dict[str, str], **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/votes", data=fields, headers=named)

    def cast(self) -> list[dict[str, object]]:
        """Return the votes received."""
        return [vote for vote, _ in self.client.get("/cast").json()]

    def counted(self, sample: str) -> float:
        """Return a metric; 0 before it exists."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(sample)), 0)


@pytest.fixture(scope="module", params=[False, True], ids=["ordinary", "lean"])
def form(request: pytest.FixtureRequest) -> Iterator[Form]:
    with trial_route(lean=request.param) as route:
        form = Form(route.port)
        yield form
        form.client.close()


def test_an_accepted_vote_redirects_to_the_page(form: Form) -> None:
    before = form.counted(ACCEPTED)
    answer = form.post(GOOD)
    assert answer.status_code == 303
    vote = form.cast()[-1]
    assert answer.headers["location"] == f"/?voted={vote['id']}&lang=en#vote"
    assert answer.headers["x-vote-route"] == "http"
    assert answer.headers["cache-control"] == "no-store"
    assert (vote["name"], vote["year"], vote["rank"]) == ("Björk", 1997, 88)
    assert form.counted(ACCEPTED) == before + 1
    assert form.counted(refused(303)) == 0


def test_the_same_form_sent_twice_is_one_vote(form: Form) -> None:
    for _ in range(2):
        form.post(GOOD)
    first, second = form.cast()[-2:]
    assert first["id"] == second["id"]


@pytest.mark.parametrize("field", ["name", "album", "year", "rank"])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_an_invalid_field_is_marked_and_the_form_keeps_its_content(
    form: Form, field: str, lang: str
) -> None:
    before, cast = form.counted(refused(422)), form.cast()
    sent = GOOD | {"lang": lang, "name": NASTY, field: "\x07"}
    answer = form.post(sent)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == lang
    assert answer.headers["x-vote-route"] == "http"
    assert NASTY not in answer.text
    page = Inputs(answer.text)
    assert page.values == sent
    assert page.wrong == [field]
    assert not JARGON.search(page.text)
    assert form.counted(refused(422)) == before + 1
    assert form.cast() == cast


@pytest.mark.parametrize(("name", "status"), [("away", 503), ("full", 503), ("broken", 500)])
def test_a_vote_that_cannot_be_accepted_now_can_be_resent_with_the_same_id(
    form: Form, name: str, status: int
) -> None:
    answer = form.post(GOOD | {"name": name})
    assert answer.status_code == status
    page = Inputs(answer.text)
    assert page.values == GOOD | {"name": name}
    assert "send the same vote again; it will count only once" in page.text
    assert not JARGON.search(page.text)


def test_a_violated_rule_of_another_version_is_shown_like_ours(form: Form) -> None:
    answer = form.post(GOOD | {"name": "stricter"})
    assert answer.status_code == 422
    assert Inputs(answer.text).wrong == ["rank"]


def test_too_many_albums_is_explained_and_another_album_can_be_chosen(form: Form) -> None:
    answer = form.post(GOOD | {"name": "unlisted"})
    assert answer.status_code == 422
    page = Inputs(answer.text)
    assert "already on the list" in page.text
    assert page.values["form"] == GOOD["form"]


def test_another_sites_form_is_refused_and_not_shown_again(form: Form) -> None:
    before = form.cast()
    answer = form.post(GOOD, sec_fetch_site="cross-site", accept_language="es")
    assert answer.status_code == 403
    assert answer.headers["content-language"] == "es"
    assert "<form" not in answer.text
    assert form.cast() == before


def test_the_page_has_a_strict_content_security_policy(form: Form) -> None:
    answer = form.post(GOOD | {"year": "1"})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_a_json_body_keeps_its_own_limit(form: Form) -> None:
    body = {"name": "x" * 4096, "album": "b", "year": 1973, "rank": 1}
    assert form.client.post("/votes", json=body).status_code == 413
    assert form.post(GOOD | {"name": "x" * 9000}).status_code == 413
