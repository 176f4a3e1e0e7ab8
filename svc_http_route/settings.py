"""Settings of the HTTP route."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import LeanPath, Port
from voting.service.voter_keys import VoterKeys, check_voter_keys


class HttpRouteSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """Settings of svc_http_route."""

    port: Annotated[Port, Meta(description="Port of the vote endpoint.")] = 8002
    lean_path: LeanPath = True
    voter_keys: VoterKeys = ""

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        check_voter_keys(self.voter_keys)
