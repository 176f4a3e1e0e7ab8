"""Settings of the HTTP route."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import LeanPath, Port


class HttpRouteSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """Settings of svc_http_route."""

    port: Annotated[Port, Meta(description="Port of the vote endpoint.")] = 8002
    lean_path: LeanPath = True
