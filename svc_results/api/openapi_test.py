import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from svc_results.api.album_pages import AlbumPage
from svc_results.api.openapi import results_document
from svc_results.api.query import LIMIT_DEFAULT, LIMIT_MAX
from svc_results.polls.poll_answer import ClassAnswer, EntryAnswer, PollAnswer
from svc_results.polls.poll_snapshot import EntryCount, PollSnapshot
from svc_results.polls.poll_state import PollEntry, PollState, PollVoterClass, PollVoters
from svc_results.polls.published_results import PublishedResults
from svc_results.result.cover import COVERS
from svc_results.result.newest_votes import VoteEntry, VotePage
from svc_results.result.ranking import RANKING_MAX
from svc_results.result.rates import HISTORY_SECONDS
from svc_results.result.snapshot import (
    TOP_ALBUMS,
    AlbumResult,
    RouteResult,
    Snapshot,
    Unavailable,
)
from svc_results.testing.fakes import FakeStores, fake_vote
from svc_results.testing.polls import PUBLIC_KEY, FakeAudience, counted
from svc_results.testing.serving import Served, serve_results
from voting.domain.tally import add_poll_tally
from voting.polls.definition import ShowResult
from voting.polls.event import Open
from voting.polls.poll import FRESH_MS
from voting.voters.rules import VoterClass, VoterRules, Way

DOCUMENT = results_document()
SCHEMAS = DOCUMENT["components"]["schemas"]

AT = 1_764_000_000_000
JURORS = 100
NOTE = b'{"poll":"signed"}\n\n\xe2\x80\x94 votes.example.org c2lnbmF0dXJl\n'
WEIGHED = VoterRules(
    scope="gala-2026",
    key=7,
    classes=(VoterClass("audience", weight=60), VoterClass("jury", number=4, weight=60)),
)
VOTERS = VoterRules(scope="gala-2026", key=7, votes=3, ways=(Way.OPEN, Way.CODES))


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    audience = FakeAudience(AT)
    audience.publish("signed", NOTE, AT - 200_000)
    audience.publish("secret", NOTE, AT - 100_000, show_result=ShowResult.ON_RELEASE)
    audience.log.define(AT, poll="live")
    audience.log.append(Open(), AT, "live")
    audience.counted.tallies["live"] = counted(blue=3)
    audience.log.define(AT, poll="hidden", show_result=ShowResult.ON_CLOSE)
    audience.log.define(AT, poll="gala", voters=VOTERS)
    audience.log.define(AT, poll="weighed", voters=WEIGHED, ties=("class:jury", "order"))
    audience.log.append(Open(), AT, "weighed")
    tally = audience.counted.tallies["weighed"] = counted(blue=2, moon=1, rumours=1)
    add_poll_tally(tally, counted(4, moon=1, rumours=2, blue=1))
    votes = [fake_vote(number) for number in range(25)]
    jurors = fake_vote(JURORS, poll="weighed", entry="moon", poll_event=5, voter_class=4)
    async with serve_results(FakeStores([*votes, jurors]), audience) as served:
        yield served


def test_the_document_is_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_the_document_states_the_services_limits() -> None:
    albums = SCHEMAS["Results"]["properties"]["albums"]
    limit = DOCUMENT["components"]["parameters"]["Limit"]["schema"]
    assert albums["maxItems"] == TOP_ALBUMS
    assert SCHEMAS["Route"]["properties"]["history"]["maxItems"] == HISTORY_SECONDS
    assert SCHEMAS["Album"]["properties"]["sleeve"]["maximum"] == COVERS - 1
    assert (limit["maximum"], limit["default"]) == (LIMIT_MAX, LIMIT_DEFAULT)
    assert SCHEMAS["Votes"]["properties"]["votes"]["maxItems"] == LIMIT_MAX
    assert SCHEMAS["Albums"]["properties"]["albums"]["maxItems"] == LIMIT_MAX
    assert f"{RANKING_MAX:,}" in DOCUMENT["paths"]["/api/albums"]["get"]["description"]


def test_every_field_of_an_answer_is_documented_and_always_there() -> None:
    for answer, name in [
        (AlbumPage, "Albums"),
        (AlbumResult, "Album"),
        (RouteResult, "Route"),
        (Snapshot, "Results"),
        (Unavailable, "Unavailable"),
        (VoteEntry, "Vote"),
        (VotePage, "Votes"),
        (PollState, "Poll"),
        (PollEntry, "PollEntry"),
        (PollVoters, "PollVoters"),
        (PollAnswer, "PollResult"),
        (EntryAnswer, "EntryResult"),
        (PollVoterClass, "PollVoterClass"),
        (ClassAnswer, "ClassResult"),
        (PollSnapshot, "PollSnapshot"),
    ]:
        fields = list(answer.__struct_encode_fields__)
        assert list(SCHEMAS[name]["properties"]) == SCHEMAS[name]["required"] == fields
        assert SCHEMAS[name]["additionalProperties"] is False
    counts = SCHEMAS["EntryCount"]
    assert list(counts["properties"]) == list(EntryCount.__struct_encode_fields__)
    assert counts["required"] == ["id", "place", "votes", "rank_sum"]


async def test_every_route_is_documented_and_nothing_else(served: Served) -> None:
    routes = {
        "/" + re.sub(r"<(\w+):\w+>", r"{\1}", route.path): sorted(map(str.lower, route.methods))
        for route in served.app.router.routes
    }
    assert routes == {path: sorted(operations) for path, operations in DOCUMENT["paths"].items()}


ANSWERS: list[tuple[str, dict[str, str], int]] = [
    ("/", {}, 200),
    ("/?after=x", {}, 422),
    ("/static/{version}/{name}", {"version": "0", "name": "page.css"}, 200),
    ("/static/{version}/{name}", {"version": "0", "name": "none"}, 404),
    ("/api/results", {}, 200),
    ("/api/albums", {}, 200),
    ("/api/albums?limit=3", {}, 200),
    ("/api/albums?after=x", {}, 422),
    ("/api/votes", {}, 200),
    ("/api/votes?limit=3", {}, 200),
    ("/api/votes?limit=x", {}, 422),
    ("/api/votes/{vote_id}", {"vote_id": "00000000-0000-4000-8000-000000000001"}, 200),
    ("/api/votes/{vote_id}", {"vote_id": "00000000-0000-4000-8000-ffffffffffff"}, 404),
    ("/api/votes/{vote_id}", {"vote_id": "1"}, 422),
    ("/p/{poll}", {"poll": "live"}, 200),
    ("/p/{poll}", {"poll": "gala"}, 200),
    ("/p/{poll}", {"poll": "none"}, 404),
    ("/p/{poll}/screen", {"poll": "hidden"}, 200),
    ("/p/{poll}/screen", {"poll": "none"}, 404),
    ("/api/polls/{poll}", {"poll": "live"}, 200),
    ("/api/polls/{poll}", {"poll": "gala"}, 200),
    ("/api/polls/{poll}", {"poll": "none"}, 404),
    ("/api/polls/{poll}/result", {"poll": "live"}, 200),
    ("/api/polls/{poll}/result", {"poll": "weighed"}, 200),
    ("/api/polls/{poll}/result", {"poll": "hidden"}, 409),
    ("/api/polls/{poll}/result", {"poll": "none"}, 404),
    ("/api/polls/{poll}/result.json", {"poll": "signed"}, 200),
    ("/api/polls/{poll}/result.json", {"poll": "live"}, 404),
    ("/api/polls/{poll}/result.json", {"poll": "secret"}, 409),
    ("/api/polls/{poll}/result.note", {"poll": "signed"}, 200),
    ("/api/polls/{poll}/result.note", {"poll": "none"}, 404),
    ("/api/polls/{poll}/result.note", {"poll": "secret"}, 409),
    ("/api/public-key", {}, 200),
    ("/api/polls/{poll}/events", {"poll": "none"}, 404),
    ("/healthz", {}, 200),
    ("/readyz", {}, 200),
    ("/metrics", {}, 200),
    ("/openapi.json", {}, 200),
]
AWAY: list[tuple[str, dict[str, str], int]] = [
    ("/?after=MTowMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDA", {}, 503),
    ("/api/votes", {}, 503),
    ("/api/votes/{vote_id}", {"vote_id": "00000000-0000-4000-8000-000000000001"}, 503),
    ("/readyz", {}, 503),
    ("/api/results", {}, 503),
    ("/api/albums", {}, 503),
    ("/p/{poll}", {"poll": "none"}, 503),
    ("/p/{poll}/screen", {"poll": "none"}, 503),
    ("/api/polls/{poll}", {"poll": "none"}, 503),
    ("/api/polls/{poll}/result", {"poll": "live"}, 503),
    ("/api/polls/{poll}/events", {"poll": "none"}, 503),
]


@pytest.mark.parametrize(("path", "values", "status"), ANSWERS)
async def test_answers_are_as_documented(
    served: Served, path: str, values: Mapping[str, str], status: int
) -> None:
    await check_answer(served, path, values, status)


@pytest.mark.parametrize(("path", "values", "status"), AWAY)
async def test_answers_are_as_documented_while_the_stores_are_unavailable(
    path: str, values: Mapping[str, str], status: int
) -> None:
    stores = FakeStores()
    stores.redis_away = stores.mongodb_away = True
    audience = FakeAudience(AT)
    audience.log.define(AT, poll="live")
    audience.log.append(Open(), AT, "live")
    audience.counted.away = True
    audience.prove()
    audience.clock[0] += FRESH_MS + 1
    async with serve_results(stores, audience) as served:
        await check_answer(served, path, values, status)


async def check_answer(served: Served, path: str, values: Mapping[str, str], status: int) -> None:
    answer = await served.client.get(path.format(**values))
    assert answer.status_code == status
    responses = DOCUMENT["paths"][path.partition("?")[0]]["get"]["responses"]
    documented = resolve(responses[str(status)])
    for header in documented.get("headers", {}):
        assert header in answer.headers
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = documented["content"][media_type]["schema"]
    check_instance(answer.json() if media_type.endswith("json") else answer.text, schema)


async def test_a_published_result_is_answered_byte_by_byte_and_said_on_the_page(
    served: Served,
) -> None:
    document = await served.client.get("/api/polls/signed/result.json")
    assert document.content == b'{"poll":"signed"}'
    assert (await served.client.get("/api/polls/signed/result.note")).content == NOTE
    assert (await served.client.get("/api/public-key")).text == f"{PUBLIC_KEY}\n"
    for language, words in (("en", "signed and stands for good"), ("es", "está firmado y queda")):
        page = (await served.client.get(f"/p/signed?lang={language}")).text
        assert words in page
        assert re.search(r'id="signed">', page)
        hidden = (await served.client.get(f"/p/secret?lang={language}")).text
        assert re.search(r'id="signed" hidden>', hidden)


async def test_without_a_public_key_there_is_none() -> None:
    async with serve_results(FakeStores(), FakeAudience(AT)) as served:
        served.audience.published = PublishedResults()
        await check_answer(served, "/api/public-key", {}, 404)


async def test_only_a_page_that_scans_codes_may_ask_for_the_camera(served: Served) -> None:
    for path, camera in [("/p/gala", "(self)"), ("/p/live", "()"), ("/", "()")]:
        policy = (await served.client.get(path)).headers["permissions-policy"]
        assert f"camera={camera}, geolocation=()" in policy


async def test_a_poll_says_how_often_a_voter_may_vote_and_nothing_of_keys(served: Served) -> None:
    answer = await served.client.get("/api/polls/gala")
    assert answer.json()["voters"] == {
        "scope": "gala-2026",
        "votes": 3,
        "per_entry": False,
        "classes": [{"name": "audience", "weight": 1}],
        "ways": ["open", "codes"],
    }
    assert (await served.client.get("/api/polls/live")).json()["voters"] is None


async def test_a_result_says_what_each_class_weighs_and_what_decided(served: Served) -> None:
    state = (await served.client.get("/api/polls/weighed")).json()
    assert state["voters"]["classes"] == [
        {"name": "audience", "weight": 60},
        {"name": "jury", "weight": 60},
    ]
    result = (await served.client.get("/api/polls/weighed/result")).json()
    assert state["ties"] == result["ties"] == ["class:jury", "order"]
    assert result["classes"] == [
        {"name": "audience", "weight": 60, "votes": 4},
        {"name": "jury", "weight": 60, "votes": 4},
    ]
    fields = ("id", "place", "votes", "share", "score", "class_votes", "decided_by")
    assert [tuple(entry[field] for field in fields) for entry in result["entries"]] == [
        ("rumours", 1, 3, 37.5, 37.5, [1, 2], None),
        ("blue", 2, 3, 37.5, 37.5, [2, 1], "class:jury"),
        ("moon", 3, 2, 25.0, 25.0, [1, 1], "score"),
    ]


async def test_a_vote_says_its_voters_class(served: Served) -> None:
    for number, voter_class in ((JURORS, "jury"), (1, None)):
        answer = await served.client.get(f"/api/votes/00000000-0000-4000-8000-{number:012x}")
        check_instance(answer.json(), SCHEMAS["CountedVote"])
        assert (answer.json()["voter_class"], answer.json()["counts"]) == (voter_class, True)


async def test_a_result_without_classes_is_by_votes(served: Served) -> None:
    result = (await served.client.get("/api/polls/live/result")).json()
    assert (result["classes"], result["ties"]) == ([], [])
    assert [(e["score"], e["class_votes"], e["decided_by"]) for e in result["entries"]] == [
        (100.0, [], None),
        (0.0, [], "score"),
        (0.0, [], None),
    ]


async def test_events_are_as_documented(served: Served) -> None:
    async with served.client.stream("GET", "/api/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                break
    check_instance(msgspec.json.decode(line.removeprefix("data: ")), SCHEMAS["Results"])


@pytest.mark.parametrize("poll", ["live", "weighed", "hidden"])
async def test_events_of_polls_are_as_documented(served: Served, poll: str) -> None:
    async with served.client.stream("GET", f"/api/polls/{poll}/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                break
    snapshot = msgspec.json.decode(line.removeprefix("data: "))
    check_instance(snapshot, SCHEMAS["PollSnapshot"])
    assert (snapshot["result"] is None) == (poll == "hidden")
    told = {field for entry in snapshot["result"] or () for field in entry}
    assert ("score" in told) == ("decided_by" in told) == (poll == "weighed")


async def test_watchers_of_polls_share_the_limits_of_watchers() -> None:
    audience = FakeAudience(AT)
    audience.log.define(AT, poll="live")
    async with (
        serve_results(FakeStores(), audience, per_address=1) as served,
        served.client.stream("GET", "/api/events"),
    ):
        refused = await served.client.get("/api/polls/live/events")
        assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert audience.feeds.watched == 0


def check_instance(instance: Any, schema: dict[str, Any]) -> None:
    complete = {**schema, "components": DOCUMENT["components"]}
    OAS31Validator(complete, format_checker=OAS31Validator.FORMAT_CHECKER).validate(instance)


def resolve(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].removeprefix("#/components/").split("/")
    found: dict[str, Any] = DOCUMENT["components"][kind][name]
    return found
