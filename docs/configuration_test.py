"""The table of settings must match the code."""

import re
from collections import defaultdict
from pathlib import Path

from svc_consumer.settings import TopicSettings
from tools.services.roster import SERVICES, settings_class
from voting.service.settings import Settings, describe_settings

PAGE = Path("docs/configuration.md").read_text(encoding="utf-8")

TOPICS = "svc_consumer.topics"
"""The command that creates the topics: it reads the consumer's Kafka settings and its own."""


def settings_table() -> str:
    services = defaultdict(list)
    for service in SERVICES:
        for row in describe_settings(settings_class(service)):
            services[row].append(service)
    for row in describe_settings(TopicSettings):
        if row not in services:
            services[row].append(TOPICS)
    return "".join(
        f"| `{name}` | {code(default)} | {who(services[name, default, meaning])} | {meaning} |\n"
        for name, default, meaning in sorted(services)
    )


def code(default: str) -> str:
    return f"`{default}`" if default else ""


def who(services: list[str]) -> str:
    return "all" if len(services) == len(SERVICES) else ", ".join(services)


def test_the_table_has_every_setting_with_its_default() -> None:
    written = re.search(r"\|---\|---\|---\|---\|\n(.*?)<!-- /settings -->", PAGE, re.DOTALL)
    assert written
    assert written[1] == settings_table()


def test_every_variable_is_described() -> None:
    described: list[type[Settings]] = [*map(settings_class, SERVICES), TopicSettings]
    for settings in described:
        assert all(meaning for _, _, meaning in describe_settings(settings))
