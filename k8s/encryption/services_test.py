"""Services that speak to each other and to their servers encrypted."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import httpx

from harness.processes.waiting import wait_until
from harness.servers.services import Service
from k8s.encryption.testing.deployed import SECRETS, Cluster

if TYPE_CHECKING:  # pytest wants to import its plug-ins itself
    from harness.testing.fixtures import StartService

pytest_plugins = ["k8s.encryption.testing.fixtures"]


VOTE: Final = {"name": "Mercedes Sosa", "album": "Cantora", "year": 2009, "rank": 90}


def test_votes_of_both_routes_are_counted_and_shown(start: Callable[..., Service]) -> None:
    server = start("svc_grpc_server")
    routes = (
        start("svc_grpc_client", GRPC_TARGET=f"{server.host}:{server.grpc_port}"),
        start("svc_http_route"),
    )
    for route in routes:
        assert httpx.post(f"{route.url}/votes", json=VOTE, timeout=30).status_code == 202
    others = [start(name) for name in ("svc_consumer", "svc_polls", "svc_voters", "svc_notary")]
    results = start("svc_results")
    wait_until(lambda: total(results) == 2, "both votes counted")
    logs = "".join(each.log.read_text() for each in (*routes, server, *others, results))
    for secret in SECRETS.values():
        assert secret.get("KAFKA_SASL_PASSWORD", "no password") not in logs


def total(results: Service) -> Any:
    return httpx.get(f"{results.url}/api/results", timeout=10).raise_for_status().json()["total"]


def test_a_client_without_a_certificate_casts_no_votes(
    service: StartService, start: Callable[..., Service], cluster: Cluster
) -> None:
    server = start("svc_grpc_server")
    trust = str(cluster.file("svc-grpc-client-tls", "ca.crt"))
    target = f"dns:///{server.host}:{server.grpc_port}"
    client = service(
        "svc_grpc_client", ready_path="/healthz", GRPC_TARGET=target, GRPC_TLS_CA_FILE=trust
    )
    assert httpx.post(f"{client.url}/votes", json=VOTE, timeout=30).status_code == 503
