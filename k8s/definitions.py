"""Strict schemas of custom resources, as the API server can enforce them."""

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from k8s.rendering import FOLDER, Manifest

_EXTERNAL: Final = Path(os.environ.get("DEFINITIONS", FOLDER.parent.parent))
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"


def definitions(repositories: Sequence[str]) -> list[Manifest]:
    """Return the CustomResourceDefinitions in these external repositories."""
    files = (file for name in repositories for file in sorted((_EXTERNAL / name).glob("*.yaml")))
    return [yaml.safe_load(file.read_text()) for file in files]


def schemas(found: Sequence[Manifest]) -> dict[tuple[str, str], Manifest]:
    """Return a strict schema for each apiVersion and kind that is served."""
    return {
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]): _strict(
            version["schema"]["openAPIV3Schema"]
        )
        for crd in found
        for version in crd["spec"]["versions"]
        if version["served"]
    }


def check(manifest: Manifest, known: dict[tuple[str, str], Manifest]) -> None:
    """Raise jsonschema.ValidationError, or KeyError when nothing defines the object's kind."""
    schema = known[manifest["apiVersion"], manifest["kind"]]
    jsonschema.Draft202012Validator(schema).validate(manifest)


def _strict(schema: Any) -> Any:
    """Return the schema with unknown fields forbidden wherever fields are listed."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return copy.copy(schema)
    strict = {key: _strict(value) for key, value in schema.items()}
    listed = isinstance(strict.get("properties"), dict) and strict.get("type") == "object"
    if listed and not strict.get(_OPEN) and "additionalProperties" not in strict:
        strict["additionalProperties"] = False
    return strict
