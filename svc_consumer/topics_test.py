"""The command that creates the topics, against real Kafka."""

import logging

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient

from harness.processes.ports import free_port
from harness.processes.waiting import until
from harness.servers.kafka_server import KafkaServer
from svc_consumer import topics
from svc_consumer.settings import TopicSettings
from voting.ledger.rights import RightRefusedError
from voting.ledger.topics import TopicRefusedError

pytest_plugins = ["harness.testing.fixtures"]


def settings(kafka: KafkaServer, topic: str, replicas: int = 1) -> TopicSettings:
    return TopicSettings(
        kafka_bootstrap_servers=kafka.address,
        kafka_topic=topic,
        kafka_rejected_topic=f"{topic}.rejected",
        kafka_albums_topic=f"{topic}.albums",
        kafka_topic_partitions=3,
        kafka_topic_replicas=replicas,
    )


async def test_all_topics_are_created_once(kafka: KafkaServer) -> None:
    asked = settings(kafka, "once")
    assert await topics.create(asked) == ["once", "once.rejected", "once.albums"]
    assert await topics.create(asked) == []
    client = AIOKafkaClient(bootstrap_servers=kafka.address)
    await client.bootstrap()

    async def exist() -> bool:
        known = (await client.fetch_all_metadata()).partitions_for_topic
        return (known("once"), known("once.rejected")) == ({0, 1, 2}, {0})

    try:
        await until(exist)
    finally:
        await client.close()


async def test_rights_cannot_be_granted_by_a_kafka_that_checks_none(kafka: KafkaServer) -> None:
    asked = msgspec.structs.replace(settings(kafka, "rights"), kafka_grant_rights=True)
    with pytest.raises(RightRefusedError, match=r"let svc_grpc_server READ .* SecurityDisabled"):
        await topics.create(asked)


async def settings_of(client: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    [answer] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(_, _, _, _, entries)] = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def known(client: AIOKafkaAdminClient, *names: str) -> None:
    """Return when the broker knows topics that the controller has just created."""

    async def described() -> bool:
        return all([await settings_of(client, name) for name in names])

    await until(described)


async def test_topics_record_arrival_times(
    kafka: KafkaServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Topics of an older version, too, without losing their other settings."""

    async def records_arrival() -> bool:
        found = await settings_of(client, "older")
        return found["message.timestamp.type"] == "LogAppendTime"

    caplog.set_level(logging.INFO)
    asked = settings(kafka, "older")
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    try:
        theirs = {"retention.ms": "-1", "max.message.bytes": "2000000"}
        await client.create_topics([NewTopic("older", 3, 1, topic_configs=theirs)])
        await known(client, "older")
        for _ in range(2):
            await topics.create(asked)
            await known(client, "older.rejected", "older.albums")
            await until(records_arrival)  # the broker learns of a change a moment later, too
        assert [m for m in caplog.messages if "LogAppendTime" in m] == [
            "set message.timestamp.type=LogAppendTime on older"
        ]
        found = await settings_of(client, "older")
        assert found.items() >= {**theirs, "message.timestamp.type": "LogAppendTime"}.items()
        new = await settings_of(client, "older.rejected")
        assert new["message.timestamp.type"] == "LogAppendTime"
    finally:
        await client.close()


async def test_topics_are_created_without_the_right_to_change_existing_ones(
    kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object) -> list[str]:
        raise TopicRefusedError("Kafka refuses topic x: TopicAuthorizationFailedError")

    monkeypatch.setattr(topics, "use_arrival_times", refuse)
    assert await topics.create(settings(kafka, "modest")) == [
        "modest",
        "modest.rejected",
        "modest.albums",
    ]
    assert "TopicAuthorizationFailedError" in caplog.text


async def test_only_the_topic_of_the_album_list_is_compacted(
    kafka: KafkaServer,
) -> None:
    await topics.create(settings(kafka, "kept"))
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    try:
        await known(client, "kept", "kept.rejected", "kept.albums")
        policies = [
            (await settings_of(client, topic))["cleanup.policy"]
            for topic in ("kept", "kept.rejected", "kept.albums")
        ]
    finally:
        await client.close()
    assert policies == ["delete", "delete", "compact"]


async def test_more_replicas_than_nodes_are_refused(kafka: KafkaServer) -> None:
    with pytest.raises(TopicRefusedError, match=r"topic many.*ReplicationFactor"):
        await topics.create(settings(kafka, "many", replicas=3))


def test_without_kafka_it_exits_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setattr("sys.argv", ["topics"])
    with pytest.raises(SystemExit, match=r"svc_consumer\.topics: .*Unable to bootstrap"):
        topics.main(patience=0)


def test_a_timeout_is_reported_as_kafka_not_responding(monkeypatch: pytest.MonkeyPatch) -> None:
    async def create(_: TopicSettings) -> list[str]:
        raise TimeoutError

    monkeypatch.setattr(topics, "create", create)
    monkeypatch.setattr("sys.argv", ["topics"])
    with pytest.raises(SystemExit, match=r"svc_consumer\.topics: Kafka is not responding"):
        topics.main(patience=0)


async def test_it_waits_for_kafka(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    creating, asked = topics.create, []

    async def succeed_succeed_at_the_third_time(asking: TopicSettings) -> list[str]:
        asked.append(asking)
        return await creating(asking if len(asked) > 2 else nowhere)

    nowhere = TopicSettings(kafka_bootstrap_servers=f"127.0.0.1:{free_port()}")
    monkeypatch.setattr(topics, "create", succeed_succeed_at_the_third_time)
    monkeypatch.setattr(topics, "_RETRY_SECONDS", 0)
    made = await topics.create_in_time(settings(kafka, "late"), seconds=60)
    assert made == ["late", "late.rejected", "late.albums"]


def test_it_logs_what_it_created(
    kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.address)
    monkeypatch.setenv("KAFKA_TOPIC", "logged")
    monkeypatch.setenv("KAFKA_TOPIC_REPLICAS", "1")
    monkeypatch.setattr("sys.argv", ["topics"])
    topics.main()
    topics.main()
    first, second = capsys.readouterr().err.splitlines()
    assert "created logged" in first
    assert second.endswith("created nothing: all topics exist")
