"""Example polls for tests, and a log of polls in memory."""

from typing import Any, Final

import msgspec

from voting.polls.book import PollBook, Recorded
from voting.polls.definition import Entry, PollDefinition, Titles
from voting.polls.event import Change, Define, Event, Open, Revoke, encode_event
from voting.polls.known_polls import KnownPolls
from voting.voters.keys import read_keys
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules
from voting.voters.token import make_token

EARLY: Final = "not-open-yet"
CLOSED: Final = "closed"
WITH_VOTERS: Final = "ticket-holders"
WITHOUT_KEY: Final = "without-key"
OPENS_LATER_MS: Final = 4_102_444_800_000
SCOPE: Final = "tickets-2026"
CLASSES: Final = (AUDIENCE, VoterClass("jury", 1, 3))
REVOKED_BATCH: Final = 7
VOTER_KEYS: Final = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
KEYS: Final = read_keys(VOTER_KEYS)
ENTRIES: Final = (
    Entry("moon", "Pink Floyd", "The Dark Side of the Moon", 1973),
    Entry("rumours", "Fleetwood Mac", "Rumours", 1977),
    Entry("blue", "Joni Mitchell", "Blue", 1971),
)
DEFINITION: Final = PollDefinition(
    titles=Titles("Album of the year", "Álbum del año"), entries=ENTRIES, answer_within_ms=7_000
)
POLL: Final = "album-of-the-year"
AUTHOR: Final = "ana"


def with_changes(**fields: Any) -> PollDefinition:
    """Return the example definition with these fields changed."""
    return msgspec.structs.replace(DEFINITION, **fields)


def entries(count: int) -> tuple[Entry, ...]:
    """Return so many entries."""
    return tuple(Entry(f"e{number}", "Band", f"Album {number}", 2000) for number in range(count))


def event(
    change: Change,
    poll: str = POLL,
    number: int = 1,
    previous: bytes = b"",
    author: str = AUTHOR,
) -> Event:
    """Return an event with this change."""
    return Event(number, previous, 1_764_000_000_000, author, poll, change)


class PollLog:
    """Events as organisers write them one after the other, and the polls that come of them."""

    def __init__(self) -> None:
        self.book = PollBook()
        self.records: list[tuple[bytes, int]] = []

    def next(self, change: Change, poll: str = POLL, author: str = AUTHOR) -> bytes:
        """Return the record of the next event with this change; it is not appended."""
        return encode_event(event(change, poll, self.book.number + 1, self.book.last_hash, author))

    def append(
        self, change: Change, at_ms: int, poll: str = POLL, author: str = AUTHOR
    ) -> Recorded:
        """Append an event at this time of Kafka's clock."""
        value = self.next(change, poll, author)
        self.records.append((value, at_ms))
        recorded = self.book.apply(value, at_ms)
        if recorded is None:
            raise AssertionError("the event does not stand")
        return recorded

    def define(self, at_ms: int, /, poll: str = POLL, **fields: Any) -> Recorded:
        """Define the example poll with these fields changed."""
        return self.append(Define(with_changes(**fields)), at_ms, poll)


def voter_token(
    number: int = 1, scope: str = SCOPE, *, voter_class: int = 0, batch: int = 0
) -> str:
    """Return the token of a voter in polls of this scope."""
    tag_key = KEYS.scope_keys(1, scope).tag_key
    nonce = batch.to_bytes(2) + number.to_bytes(10)
    return make_token(tag_key, scope, nonce, key_number=1, class_number=voter_class)


def trial_polls(proved_at_ms: int) -> KnownPolls:
    """Return five polls, known to be all at this time.

    `POLL` is open, `EARLY` opens in the year 2100, and `CLOSED` is closed. In the others, which are
    open, each voter has one vote; the key for the tokens of `WITHOUT_KEY` is not there. Tokens of
    the batch `REVOKED_BATCH` were taken back in `WITH_VOTERS`, which has a jury as well.
    """
    log = PollLog()
    log.define(1)
    log.append(Open(), 2)
    log.define(3, poll=EARLY, opens_at_ms=OPENS_LATER_MS)
    log.define(4, poll=CLOSED, opens_at_ms=20_000, closes_at_ms=30_000)
    for key, poll in enumerate((WITH_VOTERS, WITHOUT_KEY), 1):
        log.define(5, poll=poll, voters=VoterRules(scope=SCOPE, key=key, classes=CLASSES))
        log.append(Open(), 6, poll)
    log.append(Revoke(batch=REVOKED_BATCH), 7, WITH_VOTERS)
    known = KnownPolls(KEYS)
    known.book = log.book
    known.prove(proved_at_ms)
    return known
