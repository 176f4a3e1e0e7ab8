"""The OpenAPI document of the results service."""

from pathlib import Path
from typing import Any

import msgspec


def results_document() -> dict[str, Any]:
    """Return the document in `openapi.json`; tests check it against the service."""
    text = (Path(__file__).parent / "openapi.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Any])
