"""Settings of the HTTP route."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import KafkaWriterSettings
from voting.service.settings import LeanPath, Port, wrong
from voting.voters.keys import InvalidKeysError, MasterKeys, VoterKeys, read_keys


class HttpRouteSettings(KafkaWriterSettings, frozen=True, kw_only=True):
    """Settings of svc_http_route."""

    port: Annotated[Port, Meta(description="Port of the vote endpoint.")] = 8002
    lean_path: LeanPath = True
    voter_keys: VoterKeys = ""

    @property
    def master_keys(self) -> MasterKeys:
        """The keys of `voter_keys`."""
        return read_keys(self.voter_keys)

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        try:
            read_keys(self.voter_keys)
        except InvalidKeysError as error:
            raise wrong("voter_keys", str(error)) from error
