"""Settings of the consumer."""

from typing import Annotated

from msgspec import Meta

from voting.ledger.settings import REJECTED_TOPIC, KafkaSettings
from voting.service.settings import Port
from voting.stores.settings import StoreSettings

RejectedTopicName = Annotated[
    str, Meta(description="Topic for records that are not valid votes.", min_length=1)
]

GroupName = Annotated[
    str, Meta(description="Consumer group whose members share the partitions.", min_length=1)
]


class ConsumerSettings(StoreSettings, frozen=True, kw_only=True):
    """Settings of svc_consumer."""

    port: Annotated[Port, Meta(description="Port of /healthz, /readyz and /metrics.")] = 9004
    kafka_rejected_topic: RejectedTopicName = REJECTED_TOPIC
    kafka_group: GroupName = "svc_consumer"
    max_albums: Annotated[
        int,
        Meta(description="Most albums; votes for further albums get 422.", ge=1, le=100_000),
    ] = 10_000
    stuck_after_seconds: Annotated[
        int, Meta(description="Exit after this long without progress, to be restarted.", ge=45)
    ] = 60


class TopicSettings(KafkaSettings, frozen=True, kw_only=True):
    """Settings of `python -m svc_consumer.topics`."""

    kafka_rejected_topic: RejectedTopicName = REJECTED_TOPIC
    kafka_group: GroupName = "svc_consumer"
    kafka_grant_rights: Annotated[
        bool,
        Meta(description="Let the user of each service, named like it, do what it needs."),
    ] = False
    kafka_topic_partitions: Annotated[
        int, Meta(description="Partitions of the votes topic; cannot be changed later.", ge=1)
    ] = 12
    kafka_topic_replicas: Annotated[
        int, Meta(description="Replicas of each record; a majority must acknowledge it.", ge=1)
    ] = 3
