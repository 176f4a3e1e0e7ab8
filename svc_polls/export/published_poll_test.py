"""A poll from its first vote to anybody's recount of its signed result, with real servers."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from redis import Redis

from harness.organisers.organiser import Organiser, OrganiserError
from harness.processes.waiting import wait_until
from harness.system.system import System
from svc_polls.command import polls
from svc_polls.export.export import main as export
from verify.verify_result import main as verify
from voting.domain.vote import new_vote_id
from voting.stores.tally_fields import entry_votes_field

POLL: Final = "best-album"
VOTES: Final = 40
TALLY: Final = "{votes}:tally"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = {"ANSWER_WITHIN_SECONDS": "1"}
    system = System(
        tmp_path_factory.mktemp("system"),
        has_entry=False,
        instances={"svc_polls": 2},
        settings=settings,
    )
    with system.running():
        yield system


def ask(system: System, path: str) -> httpx.Response:
    return httpx.get(f"{system.services['svc_results'].url}{path}", trust_env=False, timeout=30)


def cast(system: System, poll: str = "") -> list[str]:
    """Vote; every fourth vote is sent twice, and every fifth under an id of the open poll."""
    ids = []
    with httpx.Client(base_url=system.services["svc_http_route"].url, trust_env=False) as http:

        def post(**body: Any) -> None:
            answer = http.post("/votes", json=body)
            assert answer.status_code == HTTPStatus.ACCEPTED, answer.text

        for number in range(VOTES):
            vote = {"id": new_vote_id(number), "rank": number % 9 + 1}
            ids.append(str(vote["id"]))
            if number % 5 == 0:
                post(**vote, name="Björk", album="Debut", year=1993)
            entry = ("cantora", "async", "vespertine")[number % 3]
            for _ in range(1 + (number % 4 == 0)):
                post(**vote, poll=poll, entry=entry)
    return ids


def votes_shown(system: System) -> tuple[int, int]:
    """Return how many votes of the poll count so far, and how many are excluded."""
    shown = ask(system, f"/api/polls/{POLL}/result").json()
    return shown["votes"], shown["excluded"]


def approved(organiser: Organiser, ruling: int) -> bool:
    """Approve a ruling; return whether the instance knew of it."""
    try:
        organiser.approve(POLL, ruling)
    except OrganiserError:
        return False
    return True


def command(system: System, instance: str, *arguments: str) -> int:
    server = f"--server={system.services[instance].url}"
    return polls.main([server, *arguments])


def test_a_result_is_published_exported_and_recounted_by_anybody(
    system: System,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POLLS_TOKEN", system.organiser_token)
    first, second = system.poll_services
    organiser = Organiser(first.url, system.organiser_token)
    organiser.define(POLL)
    organiser.open(POLL)
    route = system.services["svc_http_route"].url
    wait_until(
        lambda: (
            httpx.post(
                f"{route}/votes", json={"poll": POLL, "entry": "async", "rank": 1}, trust_env=False
            ).is_success
        ),
        "the poll is open",
    )
    ids = cast(system, POLL)
    colleague = Organiser(second.url, system.colleague_token)
    wait_until(lambda: votes_shown(system) == (VOTES - VOTES // 5 + 1, 0), "all votes")
    sold = organiser.rule(POLL, "Sold", ids=ids[1:3])
    wait_until(lambda: approved(colleague, sold), "it is approved")
    wait_until(lambda: votes_shown(system) == (VOTES - VOTES // 5 - 1, 2), "the ruling is applied")
    organiser.close_now(POLL)
    assert command(system, first.name, "publish", POLL) == 1
    assert "its votes may not be complete yet" in capsys.readouterr().err
    wait_until(lambda: (organiser.look(POLL) or {})["cut"] is not None, "the cut")
    # A ruling after the cut, which waits for another person.
    ruling = organiser.rule(POLL, "A test", ids=ids[3:4])
    assert command(system, first.name, "publish", POLL) == 1
    assert "ruling 2 is neither approved nor refused" in capsys.readouterr().err
    wait_until(lambda: approved(colleague, ruling), "it is approved")
    organiser.close_connections()
    colleague.close_connections()
    assert ask(system, f"/api/polls/{POLL}/result.json").status_code == HTTPStatus.NOT_FOUND

    # A tally that differs stops it.
    field = entry_votes_field(POLL, "cantora")
    with Redis.from_url(system.redis.url) as redis:
        redis.hincrby(TALLY, field, 1)
        assert command(system, first.name, "publish", POLL) == 1
        assert "votes with a rank sum of" in capsys.readouterr().err
        redis.hincrby(TALLY, field, -1)

    # Killed while it is under way, it is begun again elsewhere; the first instance comes back.
    begun = httpx.post(
        f"{first.url}/api/polls/{POLL}/publish",
        headers={"authorization": f"Bearer {system.organiser_token}"},
        trust_env=False,
    )
    assert begun.status_code == HTTPStatus.ACCEPTED
    first.kill()
    assert command(system, second.name, "publish", POLL) == 0
    first.start()
    assert command(system, first.name, "publish", POLL) == 0
    assert "the signed result is published" in capsys.readouterr().out

    wait_until(lambda: ask(system, f"/api/polls/{POLL}/result.json").is_success, "it is served")
    document = ask(system, f"/api/polls/{POLL}/result.json").content
    public = ask(system, "/api/public-key").text.strip()
    assert public == str(system.signing_key.verifier)
    result = json.loads(document)
    # An eighth were taken by votes of the open poll, and the first one opened the poll.
    assert result["votes"] == VOTES - VOTES // 5 + 1 - 3
    assert (result["counted"], result["excluded"]) == (VOTES - VOTES // 5 + 1, 3)
    assert [(one["reason"], one["votes"]) for one in result["rulings"]] == [
        ("Sold", 2), ("A test", 1),
    ]  # fmt: skip
    live = ask(system, f"/api/polls/{POLL}/result").json()
    assert live["final"]
    for of_live, signed in zip(live["entries"], result["entries"], strict=True):
        for name in ("id", "place", "votes", "excluded", "rank_sum"):
            assert of_live[name] == signed[name]

    notary = system.services["svc_notary"].url
    server = ["--server", second.url]
    evidence, tables = tmp_path / "evidence", tmp_path / "tables"
    assert export(["evidence", POLL, str(evidence), *server]) == 0
    assert (evidence / "result.json").read_bytes() == document
    for partition in range(len(result["cut"])):
        checkpoint = httpx.get(f"{notary}/notary/{partition}/checkpoint", trust_env=False)
        (evidence / f"checkpoint-{partition}.note").write_bytes(checkpoint.content)
    assert verify([str(evidence), "--key", public, "--id", ids[1]]) == 0
    assert "ruling 1 excludes it (entry async, rank 2)" in capsys.readouterr().out
    assert verify([str(evidence), "--key", public, "--id", ids[4]]) == 0
    said = capsys.readouterr().out
    assert f"{result['votes']} votes, recounted from {result['records']} records" in said
    assert "it is counted (entry async, rank 5)" in said
    assert "ruling 2 excludes 1 vote, as said: 'A test'" in said
    assert said.count("are those that the notary signed while the vote was on") == len(
        result["cut"]
    )
    assert export(["tables", str(evidence), str(tables)]) == 0
    assert len((tables / "votes.jsonl").read_text().splitlines()) == result["votes"]


def test_evidence_of_what_is_not_published_is_refused(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLLS_TOKEN", system.organiser_token)
    server = ["--server", system.poll_services[1].url]
    for poll in ("none", POLL.upper()):
        assert export(["evidence", poll, str(tmp_path / poll), *server]) == 1
    monkeypatch.setenv("POLLS_TOKEN", "")
    assert export(["evidence", POLL, str(tmp_path / "no-token"), *server]) == 1
