"""Settings of svc_polls."""

from typing import Annotated

from msgspec import Meta

from svc_polls.tokens import Organisers, read_organisers
from voting.ledger.settings import KafkaSettings
from voting.polls.definition import ANSWER_WITHIN_MAX_MS, ANSWER_WITHIN_MIN_MS
from voting.service.settings import Port, wrong


class PollsSettings(KafkaSettings, frozen=True, kw_only=True):
    """Settings of svc_polls."""

    port: Annotated[Port, Meta(description="Port of the organisers' API.")] = 8006
    organiser_tokens: Annotated[
        str,
        Meta(
            description="Organisers as NAME:ROLES:HASH, comma-separated; "
            "`svc_polls token --help` makes them."
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

    @property
    def organisers(self) -> Organisers:
        """The organisers of `organiser_tokens`."""
        return read_organisers(self.organiser_tokens)

    @property
    def answer_within_ms(self) -> int:
        """The time of `answer_within_seconds` in milliseconds."""
        return round(self.answer_within_seconds * 1000)

    def __post_init__(self) -> None:
        """Check what types cannot express."""
        super().__post_init__()
        try:
            read_organisers(self.organiser_tokens)
        except ValueError as error:
            raise wrong("organiser_tokens", str(error)) from error
