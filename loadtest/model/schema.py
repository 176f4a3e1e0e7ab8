"""The JSON schema of report.json: `python -m loadtest.model.schema` rewrites the file."""

from pathlib import Path
from typing import Any, Final

import msgspec

from loadtest.model.report import VERSION, Report

SCHEMA: Final = Path(__file__).with_name("report.schema.json")


def report_schema() -> dict[str, Any]:
    """Return the schema, made from the types that the report is made of."""
    schema = msgspec.json.schema(Report)
    schema["$defs"]["Report"]["properties"]["version"] = {"const": VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of a comparison of the two routes",
        **schema,
    }


def schema_text() -> str:
    """Return the schema as its file has it."""
    return msgspec.json.format(msgspec.json.encode(report_schema()), indent=2).decode() + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
