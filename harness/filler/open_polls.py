"""Open polls in an empty log of polls, for those who measure or test without svc_polls."""

from collections.abc import Mapping
from typing import Final

from aiokafka import AIOKafkaProducer

from harness.voters.sample_votes import sample_entries
from voting.ledger.settings import POLLS_TOPIC
from voting.polls.definition import PollDefinition, Titles
from voting.polls.event import Change, Define, Event, Open, encode_event, event_hash
from voting.service.clock_watch import now_ms
from voting.voters.rules import VoterRules

_ANSWER_WITHIN_MS: Final = 7_000


async def open_polls(bootstrap_servers: str, polls: Mapping[str, VoterRules | None]) -> None:
    """Define polls with the hundred albums of the sample votes, and open them."""
    changes: list[tuple[str, Change]] = []
    for poll, voters in polls.items():
        definition = PollDefinition(
            titles=Titles("Sample poll", "Votación de muestra"),
            entries=sample_entries(),
            voters=voters,
            answer_within_ms=_ANSWER_WITHIN_MS,
        )
        changes += [(poll, Define(definition)), (poll, Open())]
    previous = b""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, acks="all") as producer:
        for number, (poll, change) in enumerate(changes, start=1):
            value = encode_event(Event(number, previous, now_ms(), "harness", poll, change))
            await producer.send_and_wait(POLLS_TOPIC, value, partition=0)
            previous = event_hash(value)
