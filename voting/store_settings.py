"""Types of the settings that name the two stores."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri
from redis.asyncio.connection import parse_url

RedisUrl = Annotated[
    str, Meta(description="Redis that holds the tally.", pattern=r"^(rediss?|unix)://.")
]
MongodbUrl = Annotated[
    str, Meta(description="MongoDB that holds the vote log.", pattern=r"^mongodb(\+srv)?://.")
]
MongodbDatabase = Annotated[
    str, Meta(description="Database of the vote log.", pattern=r'^[^/\\. "$*<>:|?]+$')
]


def check_store_urls(redis_url: str, mongodb_url: str) -> None:
    """Check the settings `redis_url` and `mongodb_url` as the clients of the stores will.

    For `__post_init__`. Raises `ValueError` naming the setting.
    """
    _check("redis_url", parse_url, redis_url)
    if not mongodb_url.startswith("mongodb+srv:"):  # would ask the name server
        _check("mongodb_url", parse_uri, mongodb_url)


def _check(field: str, parse: Callable[[str], object], url: str) -> None:
    try:
        parse(url)
    except (ValueError, PyMongoError) as error:
        # Named in the way of msgspec, whose errors the settings are read with.
        raise ValueError(f"{error} - at `$.{field}`") from error
