"""The servers of a measurement, and the groups of cases that share them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import ClassVar

from bench.apparatus.turn import Case
from harness.processes.ports import free_port
from harness.processes.server import Server, start_together, stop_together
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service


class Servers:
    """Kafka and the floor, for all groups, and the folder for all data and logs.

    `source` is the checkout whose services run, None for this one.
    """

    def __init__(self, folder: Path, source: Path | None = None) -> None:
        """Start nothing yet."""
        self.folder = folder
        self.source = source
        self.kafka = KafkaServer(free_port(), free_port(), folder)
        self.floor = Service("floor", free_port(), folder, {}, program="bench.apparatus.floor")

    def service(self, name: str, *, program: str | None = None, **settings: str) -> Service:
        """Return a service on free ports that uses this Kafka; it is not started."""
        kafka = {"KAFKA_BOOTSTRAP_SERVERS": self.kafka.address}
        program = program or name
        grpc_port = free_port() if program == "svc_grpc_server" else None
        environment = {**kafka, **settings}
        return Service(name, free_port(), self.folder, environment, grpc_port, program, self.source)

    @asynccontextmanager
    async def running(self, *servers: Server) -> AsyncIterator[None]:
        """Run these servers, in addition to Kafka and the floor, while the context lasts."""
        try:
            start_together(servers)
            yield
        finally:
            stop_together(servers)

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Run Kafka and the floor while the context lasts."""
        async with self.running(self.kafka, self.floor):
            yield


class Stores:
    """An empty Redis and an empty server of MongoDB's protocol."""

    def __init__(self, folder: Path, name: str) -> None:
        self.redis = RedisServer("redis", free_port(), folder / name)
        self.mongodb = MongodbServer("mongodb", free_port(), folder / name)

    def redis_url(self, database: int) -> str:
        """Return the URL of one of Redis' databases, each of which holds one tally."""
        return f"{self.redis.url.rpartition('/')[0]}/{database}"

    def settings(self, database: int = 0) -> dict[str, str]:
        """Return the settings that point a service to both stores."""
        return {"REDIS_URL": self.redis_url(database), "MONGODB_URL": self.mongodb.url}

    @property
    def servers(self) -> list[Server]:
        """Redis and MongoDB."""
        return [self.redis, self.mongodb]


class Group(ABC):
    """Cases that take turns; the floor takes turns with every group."""

    names: ClassVar[Mapping[str, str]]
    """The cases by name, with a description of each."""

    @abstractmethod
    def cases(self, servers: Servers) -> AbstractAsyncContextManager[list[Case]]:
        """Run what the cases need while the context lasts, and return them."""
