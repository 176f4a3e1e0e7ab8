"""Settings of the results service."""

from typing import Annotated

from msgspec import Meta

from voting.settings import Port, Settings


class ResultsSettings(Settings, frozen=True, kw_only=True):
    """What svc_results can be told."""

    port: Annotated[Port, Meta(description="Port of the page and its API.")] = 8005
    redis_url: Annotated[str, Meta(description="Redis that holds the tally.", min_length=1)] = (
        "redis://127.0.0.1:6379/0"
    )
    mongodb_url: Annotated[
        str, Meta(description="MongoDB that holds the vote log.", min_length=1)
    ] = "mongodb://127.0.0.1:27017"
    mongodb_database: Annotated[
        str, Meta(description="Database of the vote log.", min_length=1)
    ] = "voting"
    refresh_seconds: Annotated[
        float,
        Meta(description="Seconds between two readings while someone watches.", ge=0.05, le=1),
    ] = 0.25
    max_watchers: Annotated[
        int, Meta(description="Watchers of /api/events at a time; more get 503.", ge=1)
    ] = 2000
