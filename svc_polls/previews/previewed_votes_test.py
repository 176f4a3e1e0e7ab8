"""What previews say, and what the rulings then take, with svc_consumer and real servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from harness.processes.waiting import wait_until
from harness.servers.redis_server import RedisServer
from svc_polls.testing.running import ANY, PARTITIONS, Organisers, Topics, soon
from voting.domain.vote import Vote, new_vote_id
from voting.stores.tally_exclusion import PollStandings
from voting.stores.tally_reader import TallyReader
from voting.testing.examples import vote_with

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from svc_polls.testing.command_fixtures import Ran

pytest_plugins = [
    "harness.testing.fixtures",
    "svc_polls.testing.command_fixtures",
    "svc_polls.testing.running_fixtures",
]

POLL: Final = "best-album"
VOTES: Final = 40
LATER: Final = 5


class Trial:
    """An open poll, two organisers who use the command, and the tally as svc_consumer has it."""

    def __init__(self, topics: Topics, organisers: Organisers, redis: RedisServer) -> None:
        self.topics, self.organisers, self.redis = topics, organisers, redis
        organisers.define(POLL)
        assert organisers.ask("POST", f"/{POLL}/open", headers=ANY).is_success

    def cast(self, count: int) -> list[str]:
        """Vote, every fourth time twice; return the ids."""
        votes = [
            vote_with(
                id=new_vote_id(n % PARTITIONS), poll=POLL, entry=("moon", "blue")[n % 2], rank=1,
                poll_event=2,
            )
            for n in range(count)
        ]  # fmt: skip
        copies: list[Vote] = votes[::4]
        asyncio.run(self.topics.cast([*votes, *copies]))
        return [vote.id for vote in votes]

    def propose(self, **fields: Any) -> int:
        """Propose a ruling as rea; return its number."""
        form = {"reason": "Bots", **fields}
        answer = self.organisers.ask("POST", f"/{POLL}/rulings", "rea", ANY, json=form)
        assert answer.is_success, answer.text
        return len(answer.json()["poll"]["rulings"])

    def preview(self, ruling: int) -> dict[str, Any]:
        """Return a preview once it is counted."""
        found: dict[str, Any] = {}

        def is_counted() -> bool:
            answer = self.organisers.ask("GET", f"/{POLL}/rulings/{ruling}", "rea")
            found.update(answer.json()["preview"])
            return bool(found["state"] == "counted")

        wait_until(is_counted, lambda: f"the preview is counted: {found}")
        return found

    def tally(self) -> tuple[int, dict[int, int]]:
        """Return how many votes the poll has, and how many of them each ruling takes."""
        counted, exclusion = asyncio.run(self._read())
        taken = exclusion.excluded.by_ruling
        return counted.votes, {number: one.votes for number, one in taken.items()}

    async def _read(self) -> PollStandings:
        reader = TallyReader(self.redis.url)
        try:
            return await reader.poll_standings(POLL, ())
        finally:
            await reader.close()


@pytest.fixture
def trial(topics: Topics, redis_server: RedisServer) -> Iterator[Trial]:
    consumer = topics.start_consumer()
    yield Trial(topics, topics.start(), redis_server)
    consumer.stop()


def test_a_ruling_takes_what_its_preview_said_and_a_lift_gives_it_back(
    trial: Trial, run: Ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POLLS_SERVER", trial.organisers.running.url)
    monkeypatch.setenv("POLLS_TOKEN", "ana")
    (tmp_path / "rea").write_text("rea")
    ids = trial.cast(VOTES)
    # A broker takes the time of a vote as it comes, and a ruling reaches what came before it.
    wait_until(lambda: trial.tally() == (VOTES, {}), "all votes are counted")
    by_ids = trial.propose(ids=[*ids[:6], new_vote_id(0)])
    by_time = trial.propose(between={"from": soon(-3600), "until": soon(3600)})
    trial.cast(LATER)  # no ruling reaches them
    wait_until(lambda: trial.tally() == (VOTES + LATER, {}), "the later votes are counted")
    assert trial.preview(by_ids) == {
        "state": "counted",
        "votes": 6,
        "votes_now": VOTES + LATER,
        "entries": [{"id": "moon", "votes": 3}, {"id": "blue", "votes": 3}],
        "reason": None,
    }
    assert trial.preview(by_time)["votes"] == VOTES
    assert trial.tally() == (VOTES + LATER, {})  # looking changes nothing

    approve = ("approve", POLL, f"{by_ids}", "--if-votes")
    assert run(*approve, "7") == 1
    said = "ruling 1 takes 6 votes of 45 as of now"
    assert run.err == f"polls: {said}; it was not approved\n"
    assert run(*approve, "6") == 0
    assert run.out.startswith(f"{said}\n")
    taken = {by_ids: 6}
    wait_until(lambda: trial.tally()[1] == taken, "the first one is applied")
    found = trial.preview(by_time)
    assert (found["votes"], found["votes_now"]) == (VOTES - 6, VOTES + LATER - 6)
    assert run("rulings", POLL) == 0
    assert run.out.endswith("\nruling 2 takes 34 votes of 39 as of now\n")
    assert run("approve", POLL, f"{by_time}") == 0
    assert run.out.startswith("ruling 2 takes 34 votes of 39 as of now\n")
    taken[by_time] = VOTES - 6
    wait_until(lambda: trial.tally()[1] == taken, "the second one is applied")

    # What the other one takes as well does not come back.
    lift = ("--token-file", "rea", "lift", POLL, "--reason", "A mistake")
    assert run(*lift, f"{by_ids}") == 0
    said = "ruling 3 gives back 0 votes, besides 5 that count now"
    assert run.out.splitlines()[1] == said
    assert run(*lift, f"{by_time}") == 0
    said = "ruling 4 gives back 34 votes, besides 5 that count now"
    assert run.out.splitlines()[1] == said
    assert run("rulings", POLL, "4") == 0
    shown = run.out.splitlines()
    assert shown[2:] == [said, "entry  votes", "moon   17", "blue   17"]
    assert run("approve", POLL, "4") == 0
    wait_until(lambda: trial.tally()[1] == {by_ids: 6}, "it is lifted")
