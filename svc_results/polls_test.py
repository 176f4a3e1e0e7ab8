"""Polls in the whole system: who may see a result, when it is final, and Kafka away."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx
import pytest

from harness.organisers.organiser import OrganiserError
from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from svc_results.testing.organiser import WaitingOrganiser
from svc_results.testing.page_actions import cast, get_url
from voting.polls.definition import ShowResult
from voting.testing.polls import DEFINITION, ENTRIES, with_changes

# Votes of two entries, and their rank: numbers that nothing else has.
VOTES: Final = {"rumours": (317, 97), "blue": (211, 89)}
SUMS: Final = [votes * rank for votes, rank in VOTES.values()]
NUMBERS: Final = [*SUMS, *(votes for votes, _ in VOTES.values())]
# What has the names of a poll's entries whether its result may be seen or not.
OF_POLLS: Final = (
    "/p/{poll}",
    "/p/{poll}/screen",
    "/api/polls/{poll}",
    "/api/votes/{vote_id}",  # one vote, for whoever has its id
    "/api/receipts/{id}",  # the same
)
WITH_RESULT: Final = {
    "/p/{poll}",
    "/p/{poll}/screen",
    "/api/polls/{poll}/result",
    "/api/polls/{poll}/events",
}


SIGNED: Final = {"/api/polls/{poll}/result.json", "/api/polls/{poll}/result.note"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), free_ports()) as stack:
        cast(stack.entry.url, "Harvest", 50)
        yield stack


@pytest.fixture(scope="module")
def organiser(stack: Stack) -> Iterator[WaitingOrganiser]:
    organiser = WaitingOrganiser(stack)
    yield organiser
    organiser.close_connections()


@pytest.fixture(scope="module")
def colleague(stack: Stack) -> Iterator[WaitingOrganiser]:
    colleague = WaitingOrganiser(stack, stack.colleague_token)
    yield colleague
    colleague.close_connections()


def vote(url: str, poll: str) -> str:
    """Cast the votes; return the id of the last one."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for entry, (votes, rank) in VOTES.items():
            for _ in range(votes):
                answer = client.post("/votes", json={"poll": poll, "entry": entry, "rank": rank})
                assert answer.status_code == HTTPStatus.ACCEPTED
    return str(answer.json()["id"])


def documented_paths(url: str) -> list[str]:
    """Return every path that can be read from a service, by its own document."""
    answer = get_url(f"{url}/openapi.json")
    documented = answer.json()["paths"] if answer.status_code == HTTPStatus.OK else {}
    paths = [path for path, operations in documented.items() if "get" in operations]
    return [*{*paths, "/healthz", "/readyz", "/metrics"} - {"/static/{version}/{name}"}]


def read(url: str) -> str:
    """Return an answer, of a stream its first snapshot, of a tile's hashes nothing."""
    with httpx.stream("GET", url, timeout=30, trust_env=False) as answer:
        content = answer.headers.get("content-type", "")
        if "octet-stream" in content:
            return ""
        if "event-stream" not in content:
            return answer.read().decode(errors="replace")
        return next(line for line in answer.iter_lines() if line.startswith("data: {"))


def everything(stack: Stack, poll: str, vote_id: str) -> dict[tuple[str, str], str]:
    """Return what everybody gets from every path of every service, and from the entry."""
    servers = {name: service.url for name, service in stack.services.items()}
    found = {}
    for name, url in {**servers, "entry": stack.entry.url}.items():
        for path in documented_paths(url):
            found[name, path] = read(url + filled(path, poll, vote_id))
        found[name, "/votes"] = get_url(f"{url}/votes").text
    return found


def filled(path: str, poll: str, vote_id: str) -> str:
    """Return a documented path with its parameters; `id` is a poll's or a vote's."""
    of_vote = path.startswith("/api/receipts")
    return path.format(
        poll=poll,
        id=vote_id if of_vote else poll,
        vote_id=vote_id,
        partition=0,
        path="0/000",
        number=1,
    )


def with_numbers(answers: dict[tuple[str, str], str]) -> set[str]:
    return {path for (_, path), text in answers.items() if has_one_of(numbers_of(path), text)}


def numbers_of(path: str) -> list[int]:
    """Return what tells a result: of metrics the sums, as a count of seconds passes the votes'."""
    return SUMS if path == "/metrics" else NUMBERS


def has_one_of(numbers: list[int], text: str) -> bool:
    """Whether a text shows one of the numbers; digits within an id or a signature show none."""
    shown = rf"(?<![\w.+])({'|'.join(map(str, numbers))})(\.0)?(?![\w.+])"
    return re.search(shown, text) is not None


def result_of(stack: Stack, poll: str) -> dict[str, Any]:
    answer: dict[str, Any] = get_url(f"{stack.entry.url}/api/polls/{poll}/result").json()
    return answer


def test_a_result_under_embargo_is_nowhere_and_final_once_released(
    stack: Stack, organiser: WaitingOrganiser
) -> None:
    url = stack.entry.url
    organiser.create("gala", with_changes(show_result=ShowResult.ON_RELEASE))
    organiser.open_everywhere("gala")
    vote_id = vote(url, "gala")
    # A poll that is counted after it, and shown.
    organiser.create("later", DEFINITION)
    organiser.open_everywhere("later")
    vote(url, "later")

    def counted() -> bool:
        expected = sum(votes for votes, _ in VOTES.values())
        return bool(result_of(stack, "later")["votes"] == expected)

    wait_until(counted, "all votes are counted")
    for phase in ("open", "closed"):
        organiser.wait_for("gala", phase)
        answers = everything(stack, "gala", vote_id)
        assert {path for _, path in answers} >= {*WITH_RESULT, "/api/votes", "/metrics", "/"}
        assert with_numbers(answers) == set()
        for (_, path), text in answers.items():
            if path not in OF_POLLS:
                assert not [entry for entry in ENTRIES if entry.album in text]
        refused = get_url(f"{url}/api/polls/gala/result")
        assert refused.status_code == HTTPStatus.CONFLICT
        assert refused.json()["type"] == "urn:voting:problem:result-not-shown"
        if phase == "open":
            organiser.close_now("gala")
    organiser.wait_for_cut("gala")
    assert with_numbers(everything(stack, "gala", vote_id)) == set()
    organiser.publish("gala")
    assert with_numbers(everything(stack, "gala", vote_id)) == set()
    organiser.release("gala")
    wait_until(lambda: result_of(stack, "gala").get("final"), "the final result")
    answers = everything(stack, "gala", vote_id)
    assert with_numbers(answers) == WITH_RESULT | SIGNED
    result = result_of(stack, "gala")
    [first, second, third] = result["entries"]
    assert (first["id"], first["votes"], first["rank_sum"]) == ("rumours", 317, 317 * 97)
    assert (second["id"], second["place"], second["share"]) == ("blue", 2, 39.96)
    assert (third["votes"], third["average_rank"]) == (0, 0)
    # It does not change when the tally is lost.
    stack.redis.stop()
    try:
        again = result_of(stack, "gala")
        assert {**again, "at": ""} == {**result, "at": ""}
    finally:
        stack.redis.start()


def test_a_result_that_two_people_release_is_nowhere_until_both_did(
    stack: Stack, organiser: WaitingOrganiser, colleague: WaitingOrganiser
) -> None:
    url = stack.entry.url
    definition = with_changes(show_result=ShowResult.ON_RELEASE, releasers=2)
    organiser.create("premiere", definition)
    organiser.open_everywhere("premiere")
    vote_id = vote(url, "premiere")
    ruling = organiser.rule("premiere", "A sold vote", ids=[vote_id])
    with pytest.raises(OrganiserError, match="whoever proposed a ruling cannot approve it"):
        organiser.approve("premiere", ruling)
    colleague.approve("premiere", ruling)

    def receipt() -> Any:
        return get_url(f"{url}/api/receipts/{vote_id}").json()

    wait_until(lambda: receipt().get("status") == "excluded", "the receipt")
    assert receipt()["exclusion"] == {"ruling": 1, "reason": "A sold vote"}
    organiser.close_now("premiere")
    organiser.wait_for_cut("premiere")
    with pytest.raises(OrganiserError, match="once its signed result is published"):
        organiser.release("premiere")
    organiser.publish("premiere")
    organiser.release("premiere")
    with pytest.raises(OrganiserError, match="whoever has released it cannot do so again"):
        organiser.release("premiere")
    answers = everything(stack, "premiere", vote_id)
    assert with_numbers(answers) == set()
    assert receipt()["status"] == "excluded"
    for name in ("result", "result.json", "result.note"):
        refused = get_url(f"{url}/api/polls/premiere/{name}")
        assert refused.status_code == HTTPStatus.CONFLICT
    colleague.release("premiere")
    wait_until(lambda: result_of(stack, "premiere").get("final"), "the final result")
    assert with_numbers(everything(stack, "premiere", vote_id)) == WITH_RESULT | SIGNED


def test_votes_in_polls_are_not_in_the_log_of_the_open_poll(stack: Stack) -> None:
    page = get_url(f"{stack.entry.url}/api/votes?limit=200").json()
    assert [entry["album"] for entry in page["votes"]] == ["Harvest"]
    assert page["next"] is None


def test_without_kafka_polls_say_that_they_may_be_old_and_the_open_poll_goes_on(
    stack: Stack, organiser: WaitingOrganiser
) -> None:
    organiser.create("tonight", DEFINITION)
    organiser.open_everywhere("tonight")
    results = stack.services["svc_results"].url
    assert get_url(f"{results}/api/polls/other").status_code == HTTPStatus.NOT_FOUND
    stack.kafka.stop()
    try:
        wait_until(lambda: not organiser.state("tonight")["current"], "stale", 30)
        page = get_url(f"{results}/p/tonight").text
        assert 'id="stale-notice" role="status">' in page  # not hidden
        assert get_url(f"{results}/p/other").status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert get_url(f"{results}/api/polls/other").status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert get_url(f"{results}/readyz").status_code == HTTPStatus.OK
        assert get_url(f"{results}/api/results").json()["total"] == 1
        assert "Harvest" in get_url(f"{results}/").text
    finally:
        stack.kafka.start()
    wait_until(lambda: organiser.state("tonight")["current"], "current again", 60)
