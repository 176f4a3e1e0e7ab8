import pytest

from svc_consumer.settings import ConsumerSettings
from voting.service.settings import SettingError, read_settings


def test_the_defaults_are_the_servers_of_one_machine() -> None:
    settings = read_settings(ConsumerSettings, {})
    assert settings.kafka_topic == "votes"
    assert settings.redis_url == "redis://127.0.0.1:6379/0"
    assert settings.port == 9004


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("REDIS_URL", "redis://127.0.0.1:port/0"),
        ("MONGODB_URL", "127.0.0.1:27017"),
        ("MONGODB_URL", "mongodb://127.0.0.1:27017/?w=a&w"),
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("KAFKA_GROUP", ""),
        ("MONGODB_DATABASE", ""),
        ("MONGODB_DATABASE", "a.b"),
        ("PORT", "0"),
        ("STUCK_AFTER_SECONDS", "1"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        read_settings(ConsumerSettings, {name: value})
