"""The limit of albums with real Kafka, stores, consumer and both routes."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_consumer.testing.consumer_process import ProcessTrial, metric
from svc_consumer.testing.fakes import PARTITIONS, a_vote
from voting.domain.vote import TOO_MANY_ALBUMS, new_vote_id

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures", "svc_consumer.testing.process_fixtures"]

LIMIT = 10


class System:
    """Both routes and a consumer, with topics of their own."""

    def __init__(self, trial: ProcessTrial, kafka: KafkaServer, start: StartService) -> None:
        self.trial = trial
        self.list_topic = f"{trial.topic}.albums"
        kafka.create_topics({self.list_topic: 1})
        self._start = start
        self._topics = {"KAFKA_TOPIC": trial.topic, "KAFKA_ALBUMS_TOPIC": self.list_topic}
        self._numbers = itertools.count()
        self._acknowledged: set[str] = set()
        self.http = start("svc_http_route", **self._topics)
        self.grpc_server = start("svc_grpc_server", **self._topics)
        self.grpc = start("svc_grpc_client", GRPC_TARGET=self.grpc_server.grpc_target)
        self.consumer = self.start_consumer(LIMIT)

    @property
    def routes(self) -> list[Service]:
        return [self.http, self.grpc]

    def start_consumer(self, limit: int) -> Service:
        consumer = self._start(
            "svc_consumer",
            KAFKA_REJECTED_TOPIC=self.trial.rejected_topic,
            KAFKA_GROUP=self.trial.topic,
            MAX_ALBUMS=str(limit),
            **self._topics,
        )
        self.trial.consumers.append(consumer)
        return consumer

    async def cast(self, route: Service, album: str, vote_id: str = "") -> httpx.Response:
        """Vote for an album on a route."""
        vote: dict[str, Any] = {"name": "Somebody", "album": album, "year": 2000, "rank": 50}
        if vote_id:
            vote["id"] = vote_id
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{route.url}/votes", json=vote, timeout=10)
        if answer.status_code == 202:
            self._acknowledged.add(answer.json()["id"])
        return answer

    async def fill(self, albums: int) -> None:
        """Vote for this many albums, on both routes in turn, and wait until they are counted."""
        for number in range(albums):
            answer = await self.cast(self.routes[number % 2], f"Album {number}")
            assert answer.status_code == 202
        await self.counts_all_accepted()

    async def counts_all_accepted(self) -> None:
        """Return when the tally has as many votes as were acknowledged."""

        async def reached() -> bool:
            return await self.trial.counted() == len(self._acknowledged)

        await until(reached)

    async def answers(self, status: int) -> None:
        """Return when both routes answer votes for new albums with this status."""
        for route in self.routes:

            async def answered(route: Service = route) -> bool:
                answer = await self.cast(route, f"Made up {next(self._numbers)}")
                return answer.status_code == status

            await until(answered)


@pytest.fixture
async def system(
    trial: ProcessTrial, kafka: KafkaServer, service: StartService
) -> AsyncIterator[System]:
    system = System(trial, kafka, service)
    yield system
    for route in (system.grpc, system.grpc_server, system.http):
        route.stop()


async def test_at_the_limit_both_routes_refuse_new_albums_and_accept_known_ones(
    system: System,
) -> None:
    await system.fill(LIMIT - 1)

    async def shown() -> bool:
        return metric(system.consumer, "svc_consumer_albums") == LIMIT - 1

    await until(shown)
    assert metric(system.consumer, "svc_consumer_albums_limit") == LIMIT
    assert (await system.cast(system.grpc, "Album of a patient voter")).status_code == 202
    await system.counts_all_accepted()
    await system.answers(422)
    bodies = []
    for route in system.routes:
        answer = await system.cast(route, "One more")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        bodies.append(answer.json())
        assert (await system.cast(route, "Album 3")).status_code == 202
    assert bodies[0] == bodies[1]
    assert bodies[0]["type"] == TOO_MANY_ALBUMS
    assert bodies[0]["field"] == "album"
    assert bodies[0]["title"] == "Too many albums"


async def test_entries_of_polls_are_no_albums(system: System) -> None:
    await system.fill(LIMIT - 1)
    votes = [
        a_vote(new_vote_id(n), poll=f"poll-{n % 3}", entry=f"e{n}", poll_event=1)
        for n in range(PARTITIONS * LIMIT)
    ]
    await system.trial.cast(*votes)

    async def all_are_counted() -> bool:
        return await system.trial.counted() == LIMIT - 1 + len(votes)

    await until(all_are_counted)

    async def shown() -> bool:
        return metric(system.consumer, "svc_consumer_albums") == LIMIT - 1

    await until(shown)
    assert (await system.cast(system.http, "The last one")).status_code == 202
    await system.answers(422)


async def test_an_acknowledged_vote_counts_and_its_album_joins_the_list(
    system: System,
) -> None:
    await system.fill(LIMIT - 1)
    # Accepted before either route can have the list.
    answers = await asyncio.gather(
        *(system.cast(route, f"Late {n}") for n in range(5) for route in system.routes)
    )
    accepted = [answer.status_code for answer in answers].count(202)
    assert accepted >= 2
    await system.counts_all_accepted()
    await system.answers(422)

    async def all_are_accepted() -> bool:
        answers = [await system.cast(system.http, f"Late {n}") for n in range(5)]
        return {answer.status_code for answer in answers} == {202}

    await until(all_are_accepted)


async def test_a_resent_vote_for_a_known_album_is_accepted(
    system: System,
) -> None:
    await system.fill(LIMIT - 1)
    vote_id = new_vote_id(0)
    assert (await system.cast(system.http, "The last one", vote_id)).status_code == 202
    await system.answers(422)
    again = await system.cast(system.grpc, "The last one", vote_id)
    assert (again.status_code, again.json()["id"]) == (202, vote_id)

    async def read() -> bool:
        return metric(system.consumer, "votes_duplicate_total") == 1

    await until(read)
    await system.counts_all_accepted()


async def test_the_list_survives_an_emptied_tally_and_restarts(system: System) -> None:
    await system.fill(LIMIT)
    await system.answers(422)
    await system.trial.empty_tally()
    for service in (system.consumer, system.http, system.grpc_server, system.grpc):
        service.stop()
        service.start()
    await system.counts_all_accepted()
    await system.answers(422)
    for route in system.routes:
        assert (await system.cast(route, "Album 0")).status_code == 202


async def test_a_higher_limit_admits_more_albums(system: System) -> None:
    await system.fill(LIMIT)
    await system.answers(422)
    system.consumer.stop()
    system.start_consumer(1000)
    await system.answers(202)
