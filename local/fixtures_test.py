from local.kafka_server import KafkaServer
from local.mongodb_server import MongodbServer
from local.redis_server import RedisServer

pytest_plugins = ["local.fixtures"]


def test_all(kafka: KafkaServer, redis_server: RedisServer, mongodb: MongodbServer) -> None:
    assert kafka.running
    kafka.create_topics()
