"""Keeps the newest list of known albums in memory, read from its topic in the background."""

import logging
from collections.abc import Sequence
from typing import Final

from voting.domain.known_albums import AlbumList, KnownAlbums, decode_list
from voting.ledger.settings import KafkaSettings
from voting.ledger.topic_follower import Record, TopicFollower

_log = logging.getLogger(__name__)

_PROOF_MS: Final = 20_000


class AlbumListReader:
    """Follows the topic of the list, whose last record alone counts; a `TopicReader`.

    Votes do not depend on it: while Kafka or the topic is away, the last list read stays in force.
    `current` is whether the topic has been read to its end on the present connection.
    """

    def __init__(self, settings: KafkaSettings, known: KnownAlbums) -> None:
        self._topic = settings.kafka_albums_topic
        self._known = known
        self._follower = TopicFollower(
            settings, self._topic, self, "the list of known albums", _PROOF_MS
        )
        self.start = self._follower.start
        self.stop = self._follower.stop
        self.current = False

    def first_offset(self, end: int) -> int:
        """Return the offset of the last record."""
        return max(0, end - 1)

    def at_end(self, end: int, _asked_at_ms: int) -> None:
        """Note that the last list is known; in an empty topic there is none."""
        if not end and self._known.albums.hashes:
            _log.warning("topic %s was recreated: votes may name any album", self._topic)
            self._known.take(AlbumList())
        self.current = True

    def lost(self) -> None:
        """Note that the last list may be out of date."""
        self.current = False

    def take(self, records: Sequence[Record]) -> None:
        """Take the last list."""
        try:
            albums = decode_list(records[-1].value)
        except ValueError as error:
            _log.warning(
                "topic %s: skipped the record at offset %d: %s",
                self._topic,
                records[-1].offset,
                error,
            )
            return
        if albums.closed != self._known.albums.closed:
            which = f"only the {len(albums.hashes)} known albums" if albums.closed else "any album"
            _log.warning("votes may name %s", which)
        self._known.take(albums)
