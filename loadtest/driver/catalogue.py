"""The albums that load-test votes are for, and how votes are drawn from them."""

import csv
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from voting.client.samples import sample_to_send
from voting.client.sent_vote import SentVote
from voting.domain.vote import RANK_MAX, RANK_MIN

CATALOGUE: Final = Path(__file__).with_name("catalogue.csv")

_SPREAD: Final = 25  # how far ranks of one album lie from its own typical rank, at most


class Album(NamedTuple):
    """An album as votes name it, and the country (ISO 3166) its artists are known for."""

    name: str
    album: str
    year: int
    country: str


class Choice(NamedTuple):
    """The content of one vote: the album, as an index into the catalogue, and its rank."""

    album: int
    rank: int


def vote_for(album: Album, rank: int, **fields: object) -> SentVote:
    """Return a vote of this rank for an album, with these other fields of `SentVote`."""
    return sample_to_send(name=album.name, album=album.album, year=album.year, rank=rank, **fields)


def read_catalogue(path: Path = CATALOGUE) -> list[Album]:
    """Return the albums of a catalogue file, in the file's order.

    The order matters: samples name an album by its index.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Album(row["name"], row["album"], int(row["year"]), row["country"])
            for row in csv.DictReader(file)
        ]


class Ballots:
    """Draws votes as an audience would: some albums are popular, most are not.

    Popularity is inversely proportional to the place in an order drawn from `random`, and every
    album has a typical rank of its own, so that the live result has something to show. The same
    `random` state gives the same votes.
    """

    def __init__(self, albums: Sequence[Album], random: Random) -> None:
        self._random = random
        self._order = list(range(len(albums)))
        random.shuffle(self._order)
        self._weights = list(accumulate(1 / (place + 5) for place in range(len(albums))))
        self._typical = [random.randint(RANK_MIN, RANK_MAX) for _ in albums]

    def draw(self) -> Choice:
        """Return the next vote's album and rank."""
        (album,) = self._random.choices(self._order, cum_weights=self._weights)
        low = max(RANK_MIN, self._typical[album] - _SPREAD)
        high = min(RANK_MAX, self._typical[album] + _SPREAD)
        return Choice(album, self._random.randint(low, high))
