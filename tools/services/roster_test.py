"""The list of services agrees with the services."""

import pytest

from tools.services.roster import DEPLOYMENTS, SERVICES, settings_class


def test_no_two_services_share_a_port() -> None:
    entries = SERVICES.values()
    ports = [port for entry in entries for port in (entry.port, entry.grpc_port) if port]
    assert len(ports) == len(set(ports))


def test_a_deployment_is_named_like_its_service() -> None:
    assert [name.replace("-", "_") for name in DEPLOYMENTS] == list(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_by_default_on_its_port(name: str) -> None:
    settings = settings_class(name)()
    entry = SERVICES[name]
    assert settings.port == entry.port
    assert getattr(settings, "grpc_port", None) == entry.grpc_port


@pytest.mark.parametrize("name", SERVICES)
def test_the_servers_that_a_service_needs_are_those_its_settings_name(name: str) -> None:
    variables = {
        "kafka": "kafka_bootstrap_servers",
        "redis": "redis_url",
        "mongodb": "mongodb_url",
    }
    fields = settings_class(name).__struct_fields__
    needs = [need.removesuffix("-reader") for need in SERVICES[name].needs]
    assert needs == [need for need, field in variables.items() if field in fields]
