"""Settings of the HTTP route."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import LeanPath, Port


class HttpRouteSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """What svc_http_route can be told."""

    port: Annotated[Port, Meta(description="Port of the vote endpoint.")] = 8002
    lean_path: LeanPath = True
