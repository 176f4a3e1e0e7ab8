"""What each service may do in Kafka, and no more."""

from collections.abc import Mapping, Sequence

from svc_consumer.settings import TopicSettings
from voting.ledger.rights import Operation, Resource, Right


def rights(settings: TopicSettings) -> list[Right]:
    """Return the rights of all services; each has a user of its own name."""
    votes, polls = settings.kafka_topic, settings.kafka_polls_topic
    albums, rejected = settings.kafka_albums_topic, settings.kafka_rejected_topic
    read = {
        "svc_grpc_server": [albums, polls],
        "svc_http_route": [albums, polls],
        "svc_consumer": [votes, albums, polls],
        "svc_results": [polls],
        "svc_polls": [votes, polls],
        "svc_voters": [polls],
        "svc_notary": [votes, polls],
    }
    written = {
        "svc_grpc_server": [votes],
        "svc_http_route": [votes],
        "svc_consumer": [rejected, albums],
        "svc_polls": [polls],
    }
    of_group = {"svc_consumer": Operation.READ, "svc_polls": Operation.DESCRIBE}
    return [
        *_of_topics(Operation.READ, read),
        *_of_topics(Operation.WRITE, written),
        *(
            Right(user, operation, Resource.GROUP, settings.kafka_group)
            for user, operation in of_group.items()
        ),
    ]


def _of_topics(operation: Operation, topics: Mapping[str, Sequence[str]]) -> list[Right]:
    return [
        Right(user, operation, Resource.TOPIC, topic) for user in topics for topic in topics[user]
    ]
