"""The JSON schema of the chart's values: Helm refuses a misspelt or impossible one."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

type Schema = dict[str, Any]

_SWITCH: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "pattern": "^$|^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}
_QUANTITY: Schema = {"type": ["string", "number"], "pattern": "^[0-9.]+([EPTGMK]i?|[mk])?$"}
_HEAP: Schema = {"type": "string", "pattern": "^[1-9][0-9]*[kmg]$"}
_COUNT: Schema = {"type": "integer", "minimum": 1}

_NOT_ENCRYPTED: Final = ("managedKafka", "managedRedis", "managedMongodb", "strimzi", "standIns")
"""Components with servers that `encryption` does not know."""


def schema(
    components: Sequence[str], settings: Sequence[str], sizes: Mapping[str, Mapping[str, Any]]
) -> Schema:
    """Return the schema for these components, ConfigMaps with settings, and sized workloads."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **_object(
            images=_object(
                repository=_TEXT,
                tag=_TEXT,
                references={"type": "object", "additionalProperties": _TEXT},
                pullSecrets={"type": "array", "items": _object(name=_NAME)},
            ),
            entry=_object(
                host=_NAME,
                tlsSecret=_NAME,
                ingressClassName=_NAME,
                gatewayClassName=_NAME,
                namespaces={"type": "array", "items": _NAME, "minItems": 1},
                grpcShare={"type": "integer", "minimum": 0, "maximum": 100},
            ),
            rateLimit=_object(perSecond=_COUNT, burstSeconds=_COUNT),
            components=_object(**dict.fromkeys(components, _SWITCH)),
            settings=_object(
                **{key: {"type": "object", "additionalProperties": _TEXT} for key in settings}
            ),
            sizes=_object(**{title: _like(size) for title, size in sizes.items()}),
            storageClass=_NAME,
            oneStorePerNode=_SWITCH,
            **{"global": {"type": "object"}},  # Helm adds it to the values of a subchart
        ),
        "allOf": [
            {"if": _with("entry", "tlsSecret", {"minLength": 1}), "then": _needs_host()},
            {"if": _on("managedKafka"), "then": _needs_kafka()},
            {"not": {"allOf": [_on("managedKafka"), _on("strimzi")]}},
            {"not": {"allOf": [_on("encryption"), {"anyOf": [*map(_on, _NOT_ENCRYPTED)]}]}},
        ],
    }


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _like(size: Any, title: str = "") -> Schema:
    """Return the schema of a size like this one, which has this title."""
    if title in ("requests", "limits"):
        return {"type": "object", "additionalProperties": _QUANTITY}
    if isinstance(size, dict):
        return _object(**{key: _like(value, key) for key, value in size.items()})
    if title == "heap":
        return _HEAP
    return {int: _COUNT, float: {"type": "number", "exclusiveMinimum": 0}}.get(
        type(size), _QUANTITY
    )


def _with(group: str, key: str, holds: Schema) -> Schema:
    inner = {"properties": {key: holds}, "required": [key]}
    return {"properties": {group: inner}, "required": [group]}


def _on(component: str) -> Schema:
    return _with("components", component, {"const": True})


def _needs_host() -> Schema:
    return _with("entry", "host", {"minLength": 1})


def _needs_kafka() -> Schema:
    return _with("settings", "kafka-client", {"required": ["KAFKA_BOOTSTRAP_SERVERS"]})
