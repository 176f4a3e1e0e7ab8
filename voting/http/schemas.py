"""JSON schemas of requests and answers, generated from the decoded and encoded types."""

from typing import Any, Final

import msgspec

type Schemas = dict[str, dict[str, Any]]
"""Schemas by the name of their type, as OpenAPI's `components` hold them."""

REFERENCE: Final = "#/components/schemas/{name}"


def request_schemas(*types: type[msgspec.Struct]) -> Schemas:
    """Return the schemas of types that are decoded, and of all types in them."""
    _, schemas = msgspec.json.schema_components(types, ref_template=REFERENCE)
    # OpenAPI's patterns are ECMAScript's, where ^ and $ mean what \A and \Z do in Python.
    text = msgspec.json.encode(schemas).replace(rb"\\A", b"^").replace(rb"\\Z", b"$")
    readable: Schemas = msgspec.json.decode(text)
    return readable


def answer_schemas(*types: type[msgspec.Struct]) -> Schemas:
    """Return the schemas of types that are encoded with every field, and of all types in them."""
    schemas = request_schemas(*types)
    for schema in schemas.values():
        if properties := schema.get("properties"):
            schema["required"] = list(properties)
            for field in properties.values():
                field.pop("default", None)
    return schemas


def sparse_answer_schemas(*types: type[msgspec.Struct]) -> Schemas:
    """Return the schemas of types encoded without the fields whose default is None."""
    schemas = request_schemas(*types)
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if "default" in field and field["default"] is None:
                del field["default"]
                [kind] = [kind for kind in field.pop("anyOf") if kind != {"type": "null"}]
                field.update(kind)
    return schemas
