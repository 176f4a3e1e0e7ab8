"""What voters with tokens may try against the whole system, and that one vote of each counts."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest

from harness.organisers.organiser import ENTRIES, Organiser
from harness.processes.server import Server
from harness.processes.waiting import until, wait_until
from harness.promise.stores_reader import Contents, StoresReader, open_stores_reader
from harness.servers.kafka_server import TOPICS
from harness.system.system import VOTER_KEY, System
from harness.voters.http_client import ClientAnswer, HttpClient
from harness.voters.voters import may_be_sent_again
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.vote import Route, partition_of
from voting.ledger.settings import VOTES_TOPIC
from voting.voters.ballots import PollVoters, VoterProblem
from voting.voters.keys import new_key, read_keys
from voting.voters.rules import VoterRules
from voting.voters.token import make_token, new_nonce

pytest_plugins = ["harness.testing.fixtures"]

_AT_ONCE: Final = 64
_TIMEOUT_SECONDS: Final = 8.0
_PATIENCE_SECONDS: Final = 90.0
_RETRY_AFTER_SECONDS: Final = 0.2


@pytest.fixture(scope="module")
def system(server_folder: Path) -> Iterator[System]:
    system = System(server_folder / "system", instances={"svc_consumer": 2})
    system.folder.mkdir()
    with system.running():
        yield system


@pytest.fixture
async def reader(system: System) -> AsyncIterator[StoresReader]:
    async with open_stores_reader(
        system.bootstrap_servers, system.redis.url, system.mongodb.url
    ) as reader:
        yield reader


class Crowd:
    """Many clients at once, who try again for as long as they get no final answer."""

    def __init__(self, system: System, poll: str) -> None:
        self._client = HttpClient(system.entry.host, system.entry.port, _TIMEOUT_SECONDS)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._poll = poll

    async def vote(self, token: str, number: int) -> ClientAnswer:
        """Cast a vote for one of the entries over one of the routes, as the number says."""
        body = {
            "poll": self._poll,
            "entry": ENTRIES[number % len(ENTRIES)].id,
            "rank": number % 100 + 1,
            "voter": token,
        }
        headers = {CANARY_HEADER: FORCE[list(Route)[number % 2]]}
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                async with self._places:
                    answer = await self._client.post("/votes", headers, body)
                if not may_be_sent_again(answer):
                    return answer
                await asyncio.sleep(_RETRY_AFTER_SECONDS)

    async def know_the_poll(self) -> None:
        """Return when both routes know that it is open: they refuse a vote without a token."""

        async def known() -> bool:
            answers = [await self.vote("", number) for number in range(len(Route))]
            return {answer.status for answer in answers} == {HTTPStatus.UNAUTHORIZED}

        await until(known, f"poll {self._poll} on both routes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


def open_poll(system: System, poll: str, key: int = VOTER_KEY, scope: str = "") -> VoterRules:
    """Open a poll whose voters have one vote each."""
    rules = VoterRules(scope=scope or poll, key=key)
    organiser = Organiser(system.services["svc_polls"].url, system.organiser_token)
    # The test before may have killed Kafka.
    wait_until(organiser.is_answered, "svc_polls knows the newest events", _PATIENCE_SECONDS)
    organiser.define(poll, voters=rules)
    organiser.open(poll)
    organiser.close_connections()
    return rules


def ballot_id(system: System, poll: str, rules: VoterRules, token: str) -> str:
    keys = system.voter_keys.scope_keys(rules.key, rules.scope)
    return PollVoters(poll, rules, keys).ballot_id(token, None, "")[0]


async def settled(reader: StoresReader) -> Contents:
    """Return all contents once both stores have the whole ledger."""

    async def in_step() -> bool:
        try:
            return (await reader.positions()).in_step
        except Exception:  # noqa: BLE001 - a store that was killed is still starting
            return False

    await until(in_step, "stores in step", _PATIENCE_SECONDS)
    return await reader.contents()


def restart(server: Server) -> None:
    server.kill()
    server.start()


async def meanwhile(
    votes: Iterable[Awaitable[ClientAnswer]], work: Awaitable[object]
) -> list[ClientAnswer]:
    """Return the answers to votes that are cast at the same time, while something happens."""
    answers, _ = await asyncio.gather(asyncio.gather(*votes), work)
    return answers


async def test_a_voter_votes_a_thousand_times_at_once_while_parts_are_killed(
    system: System, reader: StoresReader
) -> None:
    poll = "thousand"
    rules = open_poll(system, poll)
    token = system.voter_token(poll)
    vote_id = ballot_id(system, poll, rules, token)
    parts: list[Server] = [
        system.services["svc_grpc_server"],
        system.services["svc_consumer"],
        system.kafka,
        system.services["svc_http_route"],
    ]
    answers = []
    with Crowd(system, poll) as crowd:
        await crowd.know_the_poll()
        for part, server in enumerate(parts):
            numbers = range(part * 250, part * 250 + 250)
            answers += await meanwhile(
                (crowd.vote(token, number) for number in numbers),
                asyncio.to_thread(restart, server),
            )
    assert len(answers) == 1_000
    for answer in answers:
        if answer.status == HTTPStatus.ACCEPTED:
            assert answer.document["id"] == vote_id
        else:
            assert (answer.status, answer.document["type"]) == (409, VoterProblem.VOTED_BEFORE)

    contents = await settled(reader)
    first = contents.ledger.first[vote_id].vote
    assert [one.vote for one in contents.logged if one.vote.poll == poll] == [first]
    assert contents.tally.polls[poll].votes == 1
    async with httpx.AsyncClient(base_url=system.entry.url, trust_env=False) as client:
        receipt: dict[str, Any] = (await client.get(f"/api/votes/{vote_id}")).json()
    assert (receipt["entry"], receipt["rank"], receipt["counts"]) == (first.entry, first.rank, True)


async def test_a_flood_of_copies_counts_each_voter_once(
    system: System, reader: StoresReader
) -> None:
    poll, voters, copies = "flood", 40, 100
    open_poll(system, poll)
    tokens = [system.voter_token(poll) for _ in range(voters)]
    with Crowd(system, poll) as crowd:
        await crowd.know_the_poll()
        answers = await asyncio.gather(
            *(crowd.vote(tokens[n % voters], n // voters) for n in range(voters * copies))
        )
    assert {answer.status for answer in answers} <= {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}
    assert (await settled(reader)).tally.polls[poll].votes == voters


async def test_votes_piled_on_one_partition_hold_up_nobody(
    system: System, reader: StoresReader
) -> None:
    poll, piled, others = "piled", 600, 60
    rules, partitions = open_poll(system, poll), TOPICS[VOTES_TOPIC]

    def is_aimed(token: str) -> bool:
        return partition_of(ballot_id(system, poll, rules, token), partitions) == 0

    many = (system.voter_token(poll) for _ in itertools.count())
    tokens = [*itertools.islice(filter(is_aimed, many), piled), *itertools.islice(many, others)]
    with Crowd(system, poll) as crowd:
        await crowd.know_the_poll()
        answers = await asyncio.gather(*(crowd.vote(token, n) for n, token in enumerate(tokens)))
    assert {answer.status for answer in answers} == {HTTPStatus.ACCEPTED}
    assert (await settled(reader)).tally.polls[poll].votes == piled + others


async def test_keys_change_while_people_vote(system: System, reader: StoresReader) -> None:
    first, second = system.voter_key_setting["VOTER_KEYS"], new_key(2)
    open_poll(system, "old-key", scope="gala")

    async def restarted_with(*keys: str) -> None:
        for name in ("svc_grpc_client", "svc_http_route"):  # in turn, as a rolling restart does
            service = system.services[name]
            service.set({"VOTER_KEYS": ",".join(keys)})
            await asyncio.to_thread(service.stop)
            await asyncio.to_thread(service.start)

    with Crowd(system, "old-key") as old, Crowd(system, "new-key") as new:
        await old.know_the_poll()
        answers = await meanwhile(
            (old.vote(system.voter_token("gala"), number) for number in range(300)),
            restarted_with(first, second),
        )
        assert {answer.status for answer in answers} == {HTTPStatus.ACCEPTED}

        open_poll(system, "new-key", key=2, scope="gala")
        tag_key = read_keys(second).scope_keys(2, "gala").tag_key
        tokens = [make_token(tag_key, "gala", new_nonce(), key_number=2) for _ in range(22)]
        await new.know_the_poll()
        answers = await asyncio.gather(*(new.vote(t, n) for n, t in enumerate(tokens[:20])))
        assert {answer.status for answer in answers} == {HTTPStatus.ACCEPTED}
        for number in range(2):
            refused = await new.vote(system.voter_token("gala"), number)
            assert (refused.status, refused.document["type"]) == (401, VoterProblem.INVALID)

        await restarted_with(second)  # the old one's last poll is over
        for number in range(2):
            assert (await new.vote(tokens[20 + number], number)).status == HTTPStatus.ACCEPTED
    counted = (await settled(reader)).tally.polls
    assert (counted["old-key"].votes, counted["new-key"].votes) == (300, 22)
