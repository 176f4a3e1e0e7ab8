import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest

from harness.processes.waiting import until
from svc_results.api import app as app_module
from svc_results.testing.fakes import FakeStores, fake_vote
from svc_results.testing.serving import Served, serve_results
from voting.stores.logged_vote import LoggedVote

NASTY = "<script>alert('1')</script> \"&amp; </template>"


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores([fake_vote(n) for n in range(25)])


@pytest.fixture
async def served(stores: FakeStores) -> AsyncIterator[Served]:
    async with serve_results(stores) as served:
        yield served


@pytest.fixture
def client(served: Served) -> httpx.AsyncClient:
    return served.client


async def test_the_results_contain_albums_and_routes(client: httpx.AsyncClient) -> None:
    results = (await client.get("/api/results")).json()
    assert results["total"] == 25
    assert results["albums"][0] | {"sleeve": 0} == {
        "name": "Miles Davis",
        "album": "Kind of Blue",
        "year": 1959,
        "votes": 25,
        "rank_sum": 25 * 80,
        "average_rank": 80,
        "sleeve": 0,
    }
    assert results["routes"]["grpc"]["votes"] == 13
    assert results["routes"]["http"]["votes"] == 12


async def test_the_pages_of_the_vote_log_contain_each_vote_once(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    query = {"limit": "10"}
    while True:
        page = (await client.get("/api/votes", params=query)).json()
        seen += [vote["id"] for vote in page["votes"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == [fake_vote(n).id for n in reversed(range(25))]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=00000000199999999", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=" + "0" * 3000 + "1", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("after=x", "after"),
        ("after=" + "A" * 100, "after"),
        ("after=" + "A" * 7000, "after"),
        ("after=%00", "after"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/api/votes?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field


async def test_a_page_of_200_votes_is_the_largest(client: httpx.AsyncClient) -> None:
    assert len((await client.get("/api/votes?limit=200")).json()["votes"]) == 25
    assert len((await client.get("/api/votes?limit=1")).json()["votes"]) == 1
    assert len((await client.get("/api/votes")).json()["votes"]) == 20


async def test_a_pending_answer_closes_its_connection_when_the_service_stops(
    served: Served, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def newest(*_: object) -> list[LoggedVote]:
        asked.set()
        await answers.wait()
        return []

    monkeypatch.setattr(stores, "newest", newest)
    reading = asyncio.create_task(served.client.get("/api/votes"))
    await asked.wait()
    served.app.config.KEEP_ALIVE = False
    answers.set()
    assert (await reading).headers["connection"] == "close"


async def test_unavailable_stores_are_named_and_the_page_is_still_served(
    served: Served, stores: FakeStores
) -> None:
    stores.redis_away = stores.mongodb_away = True
    await served.read()
    client = served.client
    not_ready = await client.get("/readyz")
    assert not_ready.status_code == 503
    assert not_ready.json()["reason"] == "Redis is not responding; MongoDB is not responding"
    page = await client.get("/")
    assert page.status_code == 200
    assert "Results are unavailable right now" in page.text
    assert "Kind of Blue" in page.text
    results = await client.get("/api/results")
    assert results.json()["unavailable"] == {
        "tally": "the results are unavailable right now",
        "log": "the latest votes are unavailable right now",
    }
    votes = await client.get("/api/votes")
    assert votes.status_code == 503
    assert votes.json()["detail"] == "the latest votes are unavailable right now"
    stores.redis_away = stores.mongodb_away = False
    await served.read()
    assert (await client.get("/readyz")).status_code == 200


async def test_a_single_vote_is_shown_in_the_singular() -> None:
    async with serve_results(FakeStores([fake_vote(1)])) as served:
        page = (await served.client.get("/?lang=es")).text
    assert re.search(r'id="total">1</strong> <span[^>]*>voto<', page)
    assert re.search(r'id="album-count">1</span> <span[^>]*>disco<', page)


async def test_there_is_no_result_before_redis_has_ever_answered() -> None:
    stores = FakeStores()
    stores.redis_away = True
    async with serve_results(stores) as served:
        page = await served.client.get("/")
        answer = await served.client.get("/api/results")
    assert '<strong id="total">–</strong>' in page.text
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["detail"] == "the results are unavailable right now"


async def test_reading_a_hanging_vote_log_times_out(
    client: httpx.AsyncClient, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(limit: int, after: object = None) -> list[LoggedVote]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(stores, "newest", hang)
    monkeypatch.setattr(app_module, "TIMEOUT_SECONDS", 0.01)
    assert (await client.get("/api/votes")).status_code == 503


async def test_only_a_few_pages_of_the_vote_log_are_read_concurrently(
    client: httpx.AsyncClient, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, peak, go_on = 0, 0, asyncio.Event()

    async def newest(limit: int, after: object = None) -> list[LoggedVote]:
        nonlocal reading, peak
        reading += 1
        peak = max(peak, reading)
        await go_on.wait()
        reading -= 1
        return []

    monkeypatch.setattr(stores, "newest", newest)
    asked = [asyncio.create_task(client.get("/api/votes?limit=200")) for _ in range(30)]
    await until(lambda: reading == app_module.CONCURRENT_READS)
    go_on.set()
    assert {(await answer).status_code for answer in asked} == {200}
    assert peak == app_module.CONCURRENT_READS


async def test_the_pages_of_the_ranking_contain_each_album_once(
    served: Served, stores: FakeStores
) -> None:
    stores.votes = [fake_vote(n, album=f"Album {n % 150:03}") for n in range(400)]
    await served.read()
    first = (await served.client.get("/api/results")).json()
    assert (first["album_count"], len(first["albums"])) == (150, 100)
    seen: list[dict[str, object]] = []
    query = {"limit": "40"}
    while True:
        page = (await served.client.get("/api/albums", params=query)).json()
        seen += page["albums"]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen[:100] == first["albums"]
    assert [album["album"] for album in seen] == [f"Album {n:03}" for n in range(150)]
    assert stores.readings == 2  # paging causes no reads of the store


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=00000000199999999", "after=x", "after=" + "A" * 4000],
)
async def test_a_wrong_parameter_of_a_page_of_albums_is_named(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/api/albums?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


class Page(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


async def test_the_page_escapes_the_names_in_votes(served: Served, stores: FakeStores) -> None:
    stores.votes = [fake_vote(1, album=NASTY, name=NASTY)]
    await served.read()
    text = (await served.client.get("/")).text
    assert NASTY not in text
    assert text.count("&lt;script&gt;alert") == 4
    tags = Page(text).tags
    scripts = [attributes.get("type") for tag, attributes in tags if tag == "script"]
    assert scripts == ["module", "application/json"]


async def test_the_page_has_no_inline_scripts_or_styles(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, attributes in Page(answer.text).tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for link in (attributes.get("src"), attributes.get("href") if tag == "link" else None):
            assert link is None or link.startswith("/static/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ["/", "/api/results", "/api/votes?limit=0", "/nowhere", "/healthz"]:
        answer = await client.get(path)
        assert "content-security-policy" in answer.headers, path
    async with client.stream("GET", "/api/events") as stream:
        assert "content-security-policy" in stream.headers


@pytest.mark.parametrize(
    ("path", "header", "language"),
    [("/", "es-CO,es;q=0.9", "es"), ("/", "de", "en"), ("/?lang=en", "es", "en")],
)
async def test_the_page_is_in_the_browsers_language(
    client: httpx.AsyncClient, path: str, header: str, language: str
) -> None:
    answer = await client.get(path, headers={"accept-language": header})
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.text
    assert ("Clasificación" in answer.text) == (language == "es")


async def test_older_votes_can_be_read_without_scripts(client: httpx.AsyncClient) -> None:
    first = (await client.get("/")).text
    link = re.search(r'id="older" href="([^"#]+)', first)
    assert link
    assert "cast_at" not in first
    second = (await client.get(link[1].replace("&amp;", "&"))).text
    times = [re.findall(r'datetime="([^"]+)"', page) for page in (first, second)]
    newest_first = [vote["cast_at"] for vote in (await client.get("/api/votes")).json()["votes"]]
    assert times == [newest_first[:10], newest_first[10:]]


async def test_static_files_are_immutable_and_named_by_content(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/")).text
    script = re.search(r'src="(/static/\w+/page.js)"', page)
    assert script
    answer = await client.get(script[1])
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    again = await client.get(script[1], headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    other = await client.get("/static/0/page.js")
    assert (other.status_code, other.headers["cache-control"]) == (200, "no-cache")
    for path in ["/static/0/nothing.js", "/static/0/..%2Fapp.py", "/static/0/%2e%2e/app.py"]:
        assert (await client.get(path)).status_code == 404


async def test_answers_are_compressed_for_clients_that_accept_gzip(
    client: httpx.AsyncClient,
) -> None:
    request = client.build_request("GET", "/", headers={"accept-encoding": "gzip"})
    answer = await client.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert b"Kind of Blue" in gzip.decompress(raw)
    plain = await client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "Kind of Blue" in plain.text
