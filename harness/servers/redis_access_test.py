"""svc_results cannot write to Redis: on this machine, and with the settings of the manifests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from harness.processes.ports import free_port
from harness.processes.programs import ROOT
from harness.servers.redis_access import READER, READER_RIGHTS
from harness.servers.redis_server import RedisServer
from voting.domain.vote import Route
from voting.stores.tally_fields import route_field
from voting.stores.tally_reader import TALLY_KEY, TallyReader

CONF: Final = ROOT / "k8s/base/redis/redis.conf"
USERS: Final = CONF.with_name("users.conf")


class DeployedRedis(RedisServer):
    """Redis with the settings file of the manifests; only folder and port are this machine's."""

    def prepare(self) -> None:
        settings = CONF.read_text().replace("dir /data\n", f"dir {self.data}\n")
        settings = settings.replace("/config/users.conf", str(USERS))
        (self.data / "redis.conf").write_text(f"{settings}\nport {self.port}\n")

    def command(self) -> list[str]:
        return [super().command()[0], str(self.data / "redis.conf")]


@pytest.fixture(scope="module", params=[RedisServer, DeployedRedis])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with request.param("redis", free_port(), tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def reader(server: RedisServer) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.reader_url) as client:
        yield client


@pytest.fixture
async def tally(server: RedisServer) -> AsyncIterator[Redis]:
    """A client that may do everything; the tally has one vote."""
    async with Redis.from_url(server.url) as client:
        await client.hset(TALLY_KEY, route_field(Route.GRPC), 1)
        yield client


FORBIDDEN: Final[dict[str, Callable[[Any], Awaitable[object]]]] = {
    "HSET": lambda redis: redis.hset(TALLY_KEY, "field", 1),
    "DEL": lambda redis: redis.delete(TALLY_KEY),
    "EXPIRE": lambda redis: redis.expire(TALLY_KEY, 1),
    "EVAL": lambda redis: redis.eval("return redis.call('HLEN', KEYS[1])", 1, TALLY_KEY),
    "FLUSHALL": lambda redis: redis.flushall(),
    "CONFIG": lambda redis: redis.config_set("maxmemory", 1),
    "SHUTDOWN": lambda redis: redis.execute_command("SHUTDOWN", "NOSAVE"),
    "ACL": lambda redis: redis.acl_setuser(READER, enabled=True),
    "CLIENT KILL": lambda redis: redis.execute_command("CLIENT", "KILL", "TYPE", "normal"),
    "another key": lambda redis: redis.hlen("{votes}:tally:rebuild"),
}


@pytest.mark.parametrize("command", FORBIDDEN)
async def test_the_reader_may_not(reader: Redis, tally: Redis, command: str) -> None:
    with pytest.raises(NoPermissionError):
        await FORBIDDEN[command](reader)
    assert await tally.hlen(TALLY_KEY) == 1


@pytest.mark.usefixtures("tally")
async def test_the_reader_reads_the_tally(server: RedisServer) -> None:
    reader = TallyReader(server.reader_url)
    try:
        assert (await reader.pulse()).routes[Route.GRPC] == 1
        assert (await reader.albums(0)).votes == {}
        assert (await reader.standings([b"nobody"])).counts == [None]
    finally:
        await reader.close()


def test_the_manifests_give_the_same_rights() -> None:
    assert f"\nuser {READER} on nopass {' '.join(READER_RIGHTS)}\n" in USERS.read_text()
