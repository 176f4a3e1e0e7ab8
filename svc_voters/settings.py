"""Settings of svc_voters."""

from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from voting.http.client_address import (
    Network,
    TrustedProxies,
    check_trusted_proxies,
    read_networks,
)
from voting.ledger.settings import KafkaSettings
from voting.service.settings import Port, wrong
from voting.service.voter_keys import VoterKeys, check_voter_keys

_IDENTITY = ("identity_jwks_url", "identity_issuer", "identity_audience")


class VotersSettings(KafkaSettings, frozen=True, kw_only=True):
    """Settings of svc_voters."""

    port: Annotated[Port, Meta(description="Port at which voters get their tokens.")] = 8007
    voter_keys: VoterKeys = ""
    proof_of_work: Annotated[
        int,
        Meta(
            description="Most hashes that a new browser computes for its token, half of it on "
            "average; 0: none.",
            ge=0,
            le=10_000_000,
        ),
    ] = 100_000
    tokens_per_second: Annotated[
        float,
        Meta(
            description="Requests for a token per second that a network (IPv4 /24, IPv6 /48) may "
            "make for good; further ones get 429.",
            gt=0,
        ),
    ] = 200.0
    tokens_at_once: Annotated[
        int, Meta(description="Requests for a token that a network may make at once.", ge=1)
    ] = 10_000
    wrong_codes_per_second: Annotated[
        float,
        Meta(
            description="Wrong codes per second that a network may send for good; further ones "
            "get 429. Right ones are always taken.",
            gt=0,
        ),
    ] = 1.0
    wrong_codes_at_once: Annotated[
        int, Meta(description="Wrong codes that a network may send at once.", ge=1)
    ] = 100
    trusted_proxies: TrustedProxies = ""
    identity_jwks_url: Annotated[
        str, Meta(description="Address of the public keys (JWKS) of the organisers' login.")
    ] = ""
    identity_issuer: Annotated[
        str, Meta(description="Claim `iss` of the login's JSON Web Tokens.")
    ] = ""
    identity_audience: Annotated[
        str, Meta(description="Claim `aud` of JSON Web Tokens that are meant for us.")
    ] = ""

    @property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of `trusted_proxies`."""
        return read_networks(self.trusted_proxies)

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        check_voter_keys(self.voter_keys)
        check_trusted_proxies(self.trusted_proxies)
        if any(getattr(self, field) for field in _IDENTITY):
            for field in _IDENTITY:
                if not getattr(self, field):
                    raise wrong(field, "is required with the other settings of the login")
            try:
                scheme, host = urlsplit(self.identity_jwks_url)[:2]
            except ValueError as error:
                raise wrong("identity_jwks_url", "is not a URL") from error
            if scheme not in {"http", "https"} or not host:
                raise wrong("identity_jwks_url", "must begin with https:// or http://")
