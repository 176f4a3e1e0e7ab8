"""Who may do what in an encrypted Redis."""

import re
import subprocess

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from harness.processes.programs import find_program
from k8s.encryption.testing.deployed import RENDERED, Cluster
from k8s.encryption.testing.redis_server import EncryptedRedis
from k8s.rendering import pod_specs
from voting.stores.tally_reader import TALLY_KEY

pytest_plugins = ["k8s.encryption.testing.fixtures"]


def redis_url(name: str, cluster: Cluster, server: EncryptedRedis) -> str:
    address = {"REDIS_URL": server.address}
    return cluster.settings(f"Deployment/{name}", address)["REDIS_URL"]


@pytest.mark.parametrize("name", ["svc-results", "svc-polls"])
async def test_who_reads_the_tally_cannot_write_it(
    name: str, cluster: Cluster, encrypted_redis: EncryptedRedis
) -> None:
    async with Redis.from_url(redis_url(name, cluster, encrypted_redis)) as client:
        await client.hlen(TALLY_KEY)
        for write in (client.hset(TALLY_KEY, "a", 1), client.delete(TALLY_KEY), client.flushall()):
            with pytest.raises(NoPermissionError):
                await write


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_probe_of_redis_needs_no_login(
    probe: str, encrypted_redis: EncryptedRedis, cluster: Cluster
) -> None:
    workload = "StatefulSet/redis"
    [container] = pod_specs(RENDERED)[workload]["containers"]
    program, *arguments = container[probe]["exec"]["command"]
    here = [cluster.here(workload, argument) for argument in arguments]
    command = [find_program(program), "-p", str(encrypted_redis.port), *here]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "PONG\n"


async def test_redis_lets_nobody_do_anything_but_ping_without_the_right_password(
    cluster: Cluster, encrypted_redis: EncryptedRedis
) -> None:
    url = redis_url("svc-consumer", cluster, encrypted_redis)
    async with Redis.from_url(re.sub(r":\w+@", ":wrong@", url)) as client:
        with pytest.raises(AuthenticationError):
            await client.ping()
    async with Redis.from_url(re.sub(r"//.*@", "//", url)) as client:
        assert await client.ping()
        with pytest.raises(NoPermissionError):
            await client.hlen(TALLY_KEY)
