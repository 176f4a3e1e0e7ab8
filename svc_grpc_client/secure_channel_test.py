"""TLS between the sink and a real gRPC server, both with their own credentials."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import grpc.aio
import pytest
from cryptography import x509
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from votes.v1 import votes_pb2, votes_pb2_grpc

from harness.processes.waiting import until
from harness.testing.certificates import Authority
from svc_grpc_client import secure_channel
from svc_grpc_client.secure_channel import SecureChannel
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.sink import GrpcSink
from svc_grpc_server.credentials import server_credentials
from svc_grpc_server.settings import GrpcServerSettings
from voting.casting.sink import UnavailableError, cast_vote
from voting.service.lifecycle import Readiness
from voting.service.tls_files import Pem
from voting.testing.examples import VOTE, vote_with

NAME: Final = "votes.v1.VoteService"


class Service(votes_pb2_grpc.VoteServiceServicer):
    """Accepts every vote, and keeps the serial numbers of its clients' certificates."""

    def __init__(self) -> None:
        self.clients: set[int] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.calls = 0

    async def StreamVotes(  # noqa: N802 - the name is the schema's
        self, requests: AsyncIterator[votes_pb2.CastVotesRequest], context: Any
    ) -> AsyncIterator[votes_pb2.CastVotesResponse]:
        async for request in requests:
            yield await self.CastVotes(request, context)

    async def CastVotes(  # noqa: N802 - the name is the schema's
        self, request: votes_pb2.CastVotesRequest, context: Any
    ) -> votes_pb2.CastVotesResponse:
        self.calls += 1
        for pem in context.auth_context().get("x509_pem_cert", []):
            self.clients.add(x509.load_pem_x509_certificate(pem).serial_number)
        await self.gate.wait()
        accepted = votes_pb2.VoteStatus.OUTCOME_ACCEPTED
        return votes_pb2.CastVotesResponse(
            statuses=[votes_pb2.VoteStatus(id=v.id, outcome=accepted) for v in request.votes]
        )


@asynccontextmanager
async def server(
    service: Service, files: GrpcServerSettings, age_ms: int = 60_000
) -> AsyncIterator[int]:
    running = grpc.aio.server(
        options=[("grpc.max_connection_age_ms", age_ms), ("grpc.so_reuseport", 0)]
    )
    votes_pb2_grpc.add_VoteServiceServicer_to_server(service, running)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, running)
    await servicer.set(NAME, health_pb2.HealthCheckResponse.SERVING)
    tls = files.grpc_tls
    if tls is None:
        port = running.add_insecure_port("127.0.0.1:0")
    else:
        port = running.add_secure_port("127.0.0.1:0", server_credentials(tls))
    await running.start()
    try:
        yield port
    finally:
        await running.stop(None)


@asynccontextmanager
async def sink(port: int, **files: Path) -> AsyncIterator[tuple[GrpcSink, Readiness]]:
    readiness = Readiness()
    named = {name: str(file) for name, file in files.items()}
    target = f"dns:///127.0.0.1:{port}"
    made = GrpcSink(GrpcClientSettings(grpc_target=target, **named), readiness)  # type: ignore[arg-type]
    await made.start()
    yield made, readiness
    await made.stop()


def settings(**files: Path) -> GrpcServerSettings:
    return GrpcServerSettings(**{name: str(file) for name, file in files.items()})  # type: ignore[arg-type]


def mutual(authority: Authority) -> GrpcServerSettings:
    """Return the settings of a server that requires certificates of clients."""
    return settings(
        grpc_tls_certificate_file=authority.sign("server"),
        grpc_tls_ca_file=authority.certificate,
    )


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def others(tmp_path: Path) -> Authority:
    """An authority that neither side trusts."""
    return Authority(tmp_path / "others", "others")


async def test_a_vote_is_cast_over_tls(ours: Authority) -> None:
    service = Service()
    async with (
        server(service, settings(grpc_tls_certificate_file=ours.sign("server"))) as port,
        sink(port, grpc_tls_ca_file=ours.certificate) as (made, _),
    ):
        await cast_vote(made, VOTE)
    assert service.clients == set()


async def test_a_vote_is_cast_over_mutual_tls(ours: Authority) -> None:
    service, client = Service(), ours.sign("client")
    async with (
        server(service, mutual(ours)) as port,
        sink(port, grpc_tls_ca_file=ours.certificate, grpc_tls_certificate_file=client) as (
            made,
            _,
        ),
    ):
        await cast_vote(made, VOTE)
    assert service.clients == {serial(client.read_bytes())}


def serial(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("of another authority", "no authority in GRPC_TLS_CA_FILE signed the server's"),
        ("for another host", "the server's certificate is not for the host of GRPC_TARGET"),
        ("expired", "the server's certificate has expired"),
        ("missing", "the server has no TLS"),
    ],
)
async def test_a_server_gets_no_votes_with_a_certificate_that_is(
    ours: Authority, others: Authority, wrong: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        "of another authority": lambda: others.sign("server"),
        "for another host": lambda: ours.sign("server", hosts=["elsewhere.example"]),
        "expired": lambda: ours.sign("server", has_expired=True),
    }
    named = {"grpc_tls_certificate_file": files[wrong]()} if wrong in files else {}
    service = Service()
    async with (
        server(service, settings(**named)) as port,
        sink(port, grpc_tls_ca_file=ours.certificate) as (made, readiness),
    ):
        with pytest.raises(UnavailableError):
            await cast_vote(made, VOTE)
        assert not readiness.ready
    assert reason in caplog.text
    assert service.calls == 0


@pytest.mark.parametrize("wrong", ["of another authority", "expired", "missing", "without TLS"])
async def test_a_client_casts_no_votes_with_a_certificate_that_is(
    ours: Authority, others: Authority, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    signed = {
        "of another authority": lambda: others.sign("client"),
        "expired": lambda: ours.sign("client", has_expired=True),
    }
    named = {} if wrong == "without TLS" else {"grpc_tls_ca_file": ours.certificate}
    if wrong in signed:
        named["grpc_tls_certificate_file"] = signed[wrong]()
    service = Service()
    async with server(service, mutual(ours)) as port, sink(port, **named) as (made, readiness):
        with pytest.raises(UnavailableError):
            await cast_vote(made, VOTE)
        assert not readiness.ready
    assert "if it requires TLS or a certificate, check GRPC_TLS_CA_FILE" in caplog.text
    assert service.calls == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files often, and do not wait for long until a server accepts them."""
    monkeypatch.setattr(secure_channel, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(secure_channel, "_READY_SECONDS", 0.5)


@pytest.mark.usefixtures("quick")
async def test_certificates_are_renewed_under_load_without_a_failed_vote(ours: Authority) -> None:
    service, client = Service(), ours.sign("client")
    async with (
        server(service, mutual(ours), age_ms=200) as port,
        sink(port, grpc_tls_ca_file=ours.certificate, grpc_tls_certificate_file=client) as (
            made,
            _,
        ),
    ):
        stop = asyncio.Event()
        voters = [asyncio.create_task(vote(made, stop)) for _ in range(16)]
        for _ in range(3):
            renewed = {ours.sign(name).read_bytes() for name in ("server", "client")}
            await until(lambda: serial(client.read_bytes()) in service.clients, "the new client's")
            found = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
            assert serial(found.encode()) in {serial(pem) for pem in renewed}
        stop.set()
        cast = sum(await asyncio.gather(*voters))  # raises what a vote was refused with
    assert cast > 100
    assert len(service.clients) >= 3


async def vote(made: GrpcSink, stop: asyncio.Event) -> int:
    """Cast one vote after the other; return how many were accepted."""
    count = 0
    while not stop.is_set():
        await cast_vote(made, vote_with(id=made.new_id()))
        count += 1
    return count


@pytest.mark.usefixtures("quick")
async def test_a_call_under_way_finishes_on_the_channel_before(ours: Authority) -> None:
    service = Service()
    async with (
        server(service, settings(grpc_tls_certificate_file=ours.sign("server"))) as port,
        sink(port, grpc_tls_ca_file=ours.certificate) as (made, _),
    ):
        channel = made.channel
        assert isinstance(channel, SecureChannel)
        before = channel.current
        service.gate.clear()
        waiting = cast_vote(made, VOTE)
        await until(lambda: service.calls == 1, "the call")
        both(ours, ours)
        await until(lambda: channel.current is not before, "the renewed channel")
        service.gate.set()
        await waiting


def both(trusted: Authority, also: Authority) -> None:
    """Let the file of trusted authorities name another one, too."""
    pem = trusted.certificate.read_bytes() + also.certificate.read_bytes()
    new = trusted.certificate.with_suffix(".new")
    new.write_bytes(pem)
    new.replace(trusted.certificate)


@pytest.mark.usefixtures("quick")
async def test_an_authority_can_be_replaced_while_it_runs(
    ours: Authority, others: Authority
) -> None:
    signed = ours.sign("server")
    async with (
        server(Service(), settings(grpc_tls_certificate_file=signed), age_ms=100) as port,
        sink(port, grpc_tls_ca_file=ours.certificate) as (made, _),
    ):
        channel = made.channel
        assert isinstance(channel, SecureChannel)
        await cast_vote(made, VOTE)
        before = channel.current
        both(ours, others)
        await until(lambda: channel.current is not before, "the renewed channel")
        others.sign("server").replace(signed)
        await cast_vote(made, vote_with(id=made.new_id()))


@pytest.mark.usefixtures("quick")
async def test_certificates_that_no_server_accepts_do_not_replace_those_that_work(
    ours: Authority,
    others: Authority,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    opened = 0
    open_one = SecureChannel._open

    def counted(channel: SecureChannel, pem: Pem) -> grpc.aio.Channel:
        nonlocal opened
        opened += 1
        return open_one(channel, pem)

    monkeypatch.setattr(SecureChannel, "_open", counted)
    caplog.set_level("INFO")
    service, client = Service(), ours.sign("client")
    async with (
        server(service, mutual(ours)) as port,
        sink(port, grpc_tls_ca_file=ours.certificate, grpc_tls_certificate_file=client) as (
            made,
            _,
        ),
    ):
        await cast_vote(made, VOTE)
        others.sign("client").replace(client)
        await until(lambda: opened >= 4, "a third attempt with certificates that are not accepted")
        assert caplog.text.count("no gRPC server accepts") == 1
        await cast_vote(made, vote_with(id=made.new_id()))
        ours.sign("client")
        await until(lambda: "using renewed certificates" in caplog.text, "the renewal")

        async def is_renewed() -> bool:
            await cast_vote(made, vote_with(id=made.new_id()))
            return len(service.clients) == 2

        await until(is_renewed, "a vote with the renewed certificate")
