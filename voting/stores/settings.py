"""Settings of the services that use the two stores."""

from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import ConnectionPool, SSLConnection

from voting.ledger.settings import KafkaSettings
from voting.service.settings import may_hold_password, wrong

REDIS_URL: Final = "redis://127.0.0.1:6379/0"
MONGODB_URL: Final = "mongodb://127.0.0.1:27017"
DATABASE: Final = "voting"


class VoteLogSettings(KafkaSettings, frozen=True, kw_only=True):
    """Where the vote log is. Whatever uses it follows a topic of Kafka, too."""

    mongodb_url: Annotated[
        str,
        Meta(
            description="URL of the MongoDB that holds the vote log.",
            pattern=r"^mongodb(\+srv)?://.",
        ),
    ] = MONGODB_URL
    mongodb_database: Annotated[
        str, Meta(description="MongoDB database of the vote log.", pattern=r'^[^/\\. "$*<>:|?]+$')
    ] = DATABASE

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        super().__post_init__()
        if problem := mongodb_url_problem(self.mongodb_url):
            raise wrong("mongodb_url", problem)


class StoreSettings(VoteLogSettings, frozen=True, kw_only=True):
    """Where the two stores are."""

    redis_url: Annotated[
        str,
        Meta(description="URL of the Redis that holds the tally.", pattern=r"^(rediss?|unix)://."),
    ] = REDIS_URL

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        super().__post_init__()
        if problem := redis_url_problem(self.redis_url):
            raise wrong("redis_url", problem)


def redis_url_problem(url: str) -> str | None:
    """Return why redis-py cannot use a URL and its certificate files; None if it can."""

    def check() -> None:
        connection = ConnectionPool.from_url(url).make_connection()  # type: ignore[no-untyped-call]
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()

    return _problem(url, check)


def mongodb_url_problem(url: str) -> str | None:
    """Return why PyMongo cannot use a URL and its certificate files; None if it can."""
    if url.startswith("mongodb+srv:"):
        return None  # checking would query DNS, which may be unavailable for a while
    return _problem(url, lambda: MongoClient[dict[str, object]](url, connect=False).close())


def _problem(url: str, check: Callable[[], object]) -> str | None:
    try:
        check()
    except OSError as error:
        return f"names a file that cannot be used: {error.strerror or error}"
    except (ValueError, TypeError, PyMongoError) as error:
        if may_hold_password(url):  # the error may show a part of the password
            return "check its options, and that the user name and password are percent-encoded"
        return str(error)
    return None
