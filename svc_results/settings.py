"""Settings of the results service."""

from typing import Annotated

from msgspec import Meta

from voting.http.client_address import (
    Network,
    TrustedProxies,
    check_trusted_proxies,
    read_networks,
)
from voting.service.settings import Port
from voting.stores.settings import StoreSettings


class ResultsSettings(StoreSettings, frozen=True, kw_only=True):
    """Settings of svc_results."""

    port: Annotated[Port, Meta(description="Port of the page and its API.")] = 8005
    refresh_seconds: Annotated[
        float,
        Meta(
            description="Seconds between reads of the stores while someone watches.", ge=0.05, le=1
        ),
    ] = 0.25
    max_watchers: Annotated[
        int, Meta(description="Most watchers of events at a time; further ones get 503.", ge=1)
    ] = 2000
    watchers_per_address: Annotated[
        int, Meta(description="Most watchers per client address; further ones get 429.", ge=1)
    ] = 500
    trusted_proxies: TrustedProxies = ""
    public_key: Annotated[
        str,
        Meta(
            description="Public half of SIGNING_KEY, as NAME+ID+KEY, to be served at "
            "/api/public-key.",
            pattern=r"^$|^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$",
        ),
    ] = ""

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of `trusted_proxies`."""
        return read_networks(self.trusted_proxies)

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        check_trusted_proxies(self.trusted_proxies)
