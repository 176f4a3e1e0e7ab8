"""The services, as roster.bzl lists them."""

import ast
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

_LIST: Final = Path(__file__).with_name("roster.bzl")


class RosterEntry(NamedTuple):
    """A service as others see it; roster.bzl explains the fields."""

    port: int
    settings: str
    needs: list[str]
    wheels: list[str]
    grpc_port: int | None = None
    route: str | None = None


def _read() -> dict[str, RosterEntry]:
    # A dictionary of plain values is the same in Starlark and in Python.
    *_, assignment = ast.parse(_LIST.read_text(encoding="utf-8")).body
    if not isinstance(assignment, ast.Assign):
        raise TypeError(f"{_LIST} must end with SERVICES = {{...}}")
    services = ast.literal_eval(assignment.value)
    return {name: RosterEntry(**entry) for name, entry in services.items()}


SERVICES: Final[Mapping[str, RosterEntry]] = _read()
"""The services by name, in the order in which a vote passes them."""

UNARY_CLIENT: Final = "svc_grpc_unary"
"""A second svc_grpc_client, with GRPC_CALLS=unary; a system has it only for comparisons."""

DEPLOYMENTS: Final = tuple(name.replace("_", "-") for name in SERVICES)
"""Their names on Kubernetes, which allows no underscore."""


def settings_class(service: str) -> type[Any]:
    """Return the class of a service's settings; the service's `:lib` must be among the deps."""
    found: type[Any] = getattr(import_module(f"{service}.settings"), SERVICES[service].settings)
    return found
