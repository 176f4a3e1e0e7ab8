"""The OpenAPI document of the results service."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from svc_results.api.album_pages import AlbumPage
from svc_results.api.query import LIMIT_MAX
from svc_results.polls.poll_answer import PollAnswer
from svc_results.polls.poll_snapshot import EntryCount, PollSnapshot
from svc_results.polls.poll_state import PollState
from svc_results.result.newest_votes import OneVote
from svc_results.result.snapshot import Snapshot
from voting.domain.vote import Route
from voting.http.app import Status
from voting.http.problem import Problem
from voting.http.schemas import Schemas, answer_schemas, sparse_answer_schemas
from voting.polls.known_polls import RESULT_NOT_SHOWN, RefusalKind

_PUBLIC_NAMES: Final = {
    "AlbumPage": "Albums",
    "AlbumResult": "Album",
    "ClassAnswer": "ClassResult",
    "EntryAnswer": "EntryResult",
    "OneVote": "CountedVote",
    "PollAnswer": "PollResult",
    "PollState": "Poll",
    "Route": "RouteName",
    "RulingCount": "Ruling",
    "RouteResult": "Route",
    "Snapshot": "Results",
    "VoteEntry": "Vote",
    "VotePage": "Votes",
}
"""The name of a type in the document, where it differs."""


def results_document() -> dict[str, Any]:
    """Return the paths in `openapi.json` with the schemas; tests check both against the service."""
    text = (Path(__file__).parent / "openapi.json").read_bytes()
    document = msgspec.json.decode(text, type=dict[str, Any])
    document["components"]["schemas"] = _schemas()
    return document


def _schemas() -> Schemas:
    """Return the schemas of all answers under their public names."""
    schemas = answer_schemas(Snapshot, AlbumPage, OneVote, PollState, PollAnswer, PollSnapshot)
    schemas["AlbumPage"]["properties"]["albums"]["maxItems"] = LIMIT_MAX
    schemas["VotePage"]["properties"]["votes"]["maxItems"] = LIMIT_MAX
    # A snapshot has every route, which `Mapping[Route, RouteResult]` does not express.
    of_each = schemas["Snapshot"]["properties"]["routes"]["additionalProperties"]
    schemas["Snapshot"]["properties"]["routes"] = {
        "type": "object",
        "properties": dict.fromkeys(Route, of_each),
        "required": list(Route),
        "additionalProperties": False,
    }
    schemas |= sparse_answer_schemas(Problem, Status, EntryCount)
    for of_votes in ("id", "opens_at", "closes_at", "voted_at"):
        del schemas["Problem"]["properties"][of_votes]
    schemas["Problem"]["properties"]["type"]["description"] = (
        f"`{RefusalKind.NO_SUCH_POLL}` or `{RESULT_NOT_SHOWN}`."
    )
    for schema in schemas.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    named = {_PUBLIC_NAMES.get(name, name): schema for name, schema in schemas.items()}
    text = re.sub(
        r'(?<="#/components/schemas/)\w+(?=")',
        lambda found: _PUBLIC_NAMES.get(found[0], found[0]),
        msgspec.json.encode(named).decode(),
    )
    renamed: Schemas = msgspec.json.decode(text)
    return renamed
