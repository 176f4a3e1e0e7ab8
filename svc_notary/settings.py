"""Settings of svc_notary."""

from typing import Annotated

from msgspec import Meta

from voting.service.settings import Port
from voting.service.signing_key import SigningKeySetting, check_signing_key
from voting.stores.settings import VoteLogSettings


class NotarySettings(VoteLogSettings, frozen=True, kw_only=True):
    """Settings of svc_notary."""

    port: Annotated[Port, Meta(description="Port of receipts, checkpoints and tiles.")] = 8008
    notary_dir: Annotated[
        str, Meta(description="Folder of the trees; one svc_notary uses it.", min_length=1)
    ] = "/var/lib/svc_notary"
    checkpoint_seconds: Annotated[
        float,
        Meta(description="Seconds from one checkpoint of a tree that grows to the next.", ge=0.1),
    ] = 2.0
    signing_key: SigningKeySetting = ""

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        check_signing_key(self.signing_key)
