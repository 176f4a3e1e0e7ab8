import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.testing.certificates import Authority
from svc_grpc_server.poll_service import PollEvents, PollService
from svc_grpc_server.server import SERVICE_NAME, listen_address, serve_votes
from svc_grpc_server.settings import GrpcServerSettings
from svc_grpc_server.vote_service import VoteService
from voting.casting.sink import OnResult
from voting.domain.codec import NewRecord, to_message
from voting.domain.known_albums import KnownAlbums
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness
from voting.service.tls_files import TlsFiles
from voting.testing.examples import VOTE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Sink:
    """A `RecordSink` that acknowledges at once and keeps nothing."""

    def append(self, _: NewRecord, on_result: OnResult) -> None:
        asyncio.get_running_loop().call_soon(on_result, None)


def serving(
    readiness: Readiness, *, tls: TlsFiles | None = None, has_reflection: bool = False
) -> AbstractAsyncContextManager[int]:
    """Serve while the context lasts; gives the port."""
    polls = KnownPolls()
    return serve_votes(
        VoteService(Sink(), KnownAlbums(), polls),
        PollService(PollEvents(polls)),
        readiness,
        "127.0.0.1",
        0,
        GrpcServerSettings().calls_per_connection,
        GrpcServerSettings().grpc_connections,
        tls=tls,
        has_reflection=has_reflection,
    )


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
async def channel(readiness: Readiness) -> AsyncIterator[grpc.aio.Channel]:
    async with (
        serving(readiness) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield channel


async def health(channel: grpc.aio.Channel, wanted: int, service: str = SERVICE_NAME) -> None:
    """Wait until `service` has this health status."""
    request = health_pb2.HealthCheckRequest(service=service)
    async with asyncio.timeout(10):
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs have no types for asyncio
        async for answer in stub.Watch(request):
            if answer.status == wanted:
                return


@pytest.mark.parametrize("service", ["", SERVICE_NAME])
async def test_health_follows_readiness(
    channel: grpc.aio.Channel, readiness: Readiness, service: str
) -> None:
    changes: list[tuple[Callable[[], None], int]] = [
        (lambda: None, NOT_SERVING),
        (readiness.set_ready, SERVING),
        (lambda: readiness.set_not_ready("Kafka is away"), NOT_SERVING),
    ]
    for change, wanted in changes:
        change()
        await health(channel, wanted, service)


async def described(channel: grpc.aio.Channel) -> list[str]:
    """Return the services in the file of our service, as reflection has it."""
    request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE_NAME)
    stub_class: Any = reflection_pb2_grpc.ServerReflectionStub
    response = await anext(aiter(stub_class(channel).ServerReflectionInfo(iter([request]))))
    [file] = response.file_descriptor_response.file_descriptor_proto
    return [service.name for service in FileDescriptorProto.FromString(file).service]


async def test_reflection_describes_the_service_if_it_is_switched_on(readiness: Readiness) -> None:
    async with (
        serving(readiness, has_reflection=True) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        assert await described(channel) == ["VoteService"]


async def test_by_default_nothing_is_described(channel: grpc.aio.Channel) -> None:
    assert not GrpcServerSettings().grpc_reflection
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await described(channel)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_with_a_certificate_it_serves_over_tls(readiness: Readiness, tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    settings = GrpcServerSettings(grpc_tls_certificate_file=str(ours.sign("server")))
    trust = grpc.ssl_channel_credentials(ours.certificate.read_bytes())
    async with (
        serving(readiness, tls=settings.grpc_tls) as port,
        grpc.aio.secure_channel(f"127.0.0.1:{port}", trust) as channel,
    ):
        request = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)])
        [status] = (await votes_pb2_grpc.VoteServiceStub(channel).CastVotes(request)).statuses
    assert status.outcome == votes_pb2.VoteStatus.OUTCOME_ACCEPTED


@pytest.mark.parametrize(
    ("host", "expected"),
    [("0.0.0.0", "0.0.0.0:9090"), ("localhost", "localhost:9090"), ("::", "[::]:9090")],
)
def test_an_ipv6_address_is_put_in_brackets(host: str, expected: str) -> None:
    assert listen_address(host, 9090) == expected
