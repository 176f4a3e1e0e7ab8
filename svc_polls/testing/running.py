"""svc_polls as a process with topics of its own, and organisers who use its API."""

import asyncio
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx
from aiokafka import AIOKafkaProducer

from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_polls.tokens import Organiser, Role, hash_of
from voting.domain.codec import encode_vote
from voting.domain.vote import Vote, partition_of
from voting.signing.keys import SigningKey

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

ROLES: Final = {
    "ana": {Role.EDITOR, Role.OPERATOR, Role.RELEASER},
    "eva": {Role.EDITOR},
    "oli": {Role.OPERATOR},
    "rea": {Role.RELEASER},
}
"""The organisers; the token of each is its name."""

ORGANISER_TOKENS: Final = ",".join(
    Organiser(name, frozenset(roles), hash_of(name)).line for name, roles in ROLES.items()
)
FORM: Final[dict[str, Any]] = {
    "titles": {"en": "Album of the year", "es": "Álbum del año"},
    "entries": [
        {"id": "moon", "name": "Pink Floyd", "album": "The Dark Side of the Moon", "year": 1973},
        {"id": "blue", "name": "Joni Mitchell", "album": "Blue", "year": 1971},
    ],
}
SIGNING_KEY: Final = SigningKey("votes.example.org", bytes(range(32)))
PARTITIONS: Final = 3
ANY: Final = {"if-match": "*"}

NUMBERS: Final = itertools.count()
"""For names that no other test has."""


class Organisers:
    """Organisers who use one instance; the token of each is its name."""

    def __init__(self, running: Service) -> None:
        self.running = running
        self.http = httpx.Client(base_url=running.url, timeout=60, trust_env=False)

    def ask(
        self, method: str, path: str, who: str = "ana", headers: Any = None, **body: Any
    ) -> httpx.Response:
        """Send a request to a path below /api/polls, with or without a body."""
        token = {"authorization": f"Bearer {who}"}
        url = f"/api/polls{path}"
        return self.http.request(method, url, headers=token | (headers or {}), **body)

    def poll(self, poll: str) -> Any:
        """Return a poll that exists."""
        answer = self.ask("GET", f"/{poll}")
        if answer.status_code != HTTPStatus.OK:
            raise AssertionError(answer.text)
        return answer.json()

    def define(self, poll: str, **fields: Any) -> httpx.Response:
        """Create a poll by `FORM` with these fields changed."""
        return self.ask("PUT", f"/{poll}", headers={"if-none-match": "*"}, json=FORM | fields)


class Topics:
    """Topics of one test, and instances that use them."""

    def __init__(self, kafka: KafkaServer, service: StartService) -> None:
        number = next(NUMBERS)
        self.kafka = kafka
        self.polls, self.votes = f"polls-{number}", f"votes-{number}"
        kafka.create_topics({self.polls: 1, self.votes: PARTITIONS})
        self._service = service
        self._started: list[Organisers] = []

    def start(self, **settings: str) -> Organisers:
        """Start an instance, which accepts votes for 1 s after a poll's end."""
        settings = {
            "KAFKA_POLLS_TOPIC": self.polls,
            "KAFKA_TOPIC": self.votes,
            "ORGANISER_TOKENS": ORGANISER_TOKENS,
            "ANSWER_WITHIN_SECONDS": "1",
            "SIGNING_KEY": SIGNING_KEY.text,
            **settings,
        }
        started = Organisers(self._service("svc_polls", **settings))
        self._started.append(started)
        return started

    def stop(self) -> None:
        """End all instances."""
        for started in self._started:
            started.http.close()
            started.running.stop()

    async def write(self, topic: str, value: bytes, partition: int = 0) -> None:
        """Write a record."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all")
        await producer.start()
        try:
            await producer.send_and_wait(topic, value, partition=partition)
        finally:
            await producer.stop()

    async def cast(self, votes: Iterable[Vote]) -> None:
        """Append votes to the ledger, as both routes do."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.address, acks="all") as producer:
            acknowledged = [
                await producer.send(
                    self.votes,
                    encode_vote(vote),
                    key=vote.id.encode(),
                    partition=partition_of(vote.id, PARTITIONS),
                )
                for vote in votes
            ]
            await asyncio.gather(*acknowledged)

    def start_consumer(self) -> Service:
        """Start svc_consumer, which counts the votes; one test module has one at most."""
        return self._service(
            "svc_consumer",
            KAFKA_POLLS_TOPIC=self.polls,
            KAFKA_TOPIC=self.votes,
            KAFKA_GROUP=self.votes,
        )


def soon(seconds: float) -> str:
    """Return the time in so many seconds, as RFC 3339 text."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
