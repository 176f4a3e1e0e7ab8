"""Settings of svc_polls."""

from typing import Annotated

from msgspec import Meta

from svc_polls.tokens import Organisers, read_organisers
from svc_polls.watched_services import WatchedAddress, read_watched_services
from voting.polls.definition import ANSWER_WITHIN_MAX_MS, ANSWER_WITHIN_MIN_MS
from voting.service.settings import Port, wrong
from voting.service.signing_key import SigningKeySetting, check_signing_key
from voting.stores.settings import StoreSettings


class PollsSettings(StoreSettings, frozen=True, kw_only=True):
    """Settings of svc_polls."""

    port: Annotated[Port, Meta(description="Port of the organisers' API.")] = 8006
    organiser_tokens: Annotated[
        str,
        Meta(
            description="Organisers as NAME:ROLES:HASH, comma-separated; "
            "`svc_polls token --help` makes them."
        ),
    ] = ""
    kafka_group: Annotated[
        str,
        Meta(description="Consumer group of svc_consumer, to show its lag.", min_length=1),
    ] = "svc_consumer"
    watched_services: Annotated[
        str,
        Meta(
            description="Services whose readiness the console shows, as NAME=http://HOST:PORT, "
            "comma-separated; each address of a host is asked."
        ),
    ] = ""
    ack_timeout_seconds: Annotated[
        float, Meta(description="Give up a change that Kafka has not acknowledged by then.", gt=0)
    ] = 5.0
    answer_within_seconds: Annotated[
        float,
        Meta(
            description="A vote in a poll is answered by then or not accepted; more than the "
            "routes' time-outs.",
            ge=ANSWER_WITHIN_MIN_MS / 1000,
            le=ANSWER_WITHIN_MAX_MS / 1000,
        ),
    ] = 7.0
    signing_key: SigningKeySetting = ""

    @property
    def organisers(self) -> Organisers:
        """The organisers of `organiser_tokens`."""
        return read_organisers(self.organiser_tokens)

    @property
    def watched(self) -> tuple[WatchedAddress, ...]:
        """The services of `watched_services`."""
        return read_watched_services(self.watched_services)

    @property
    def answer_within_ms(self) -> int:
        """The time of `answer_within_seconds` in milliseconds."""
        return round(self.answer_within_seconds * 1000)

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        check_signing_key(self.signing_key)
        for field, read in (
            ("organiser_tokens", read_organisers),
            ("watched_services", read_watched_services),
        ):
            try:
                read(getattr(self, field))
            except ValueError as error:
                raise wrong(field, str(error)) from error
