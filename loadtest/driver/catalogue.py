"""The albums that load-test votes are for, unless in a poll, and how votes are drawn."""

import csv
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from loadtest.model.catalogue import Album, Catalogue
from voting.client.samples import sample_to_send
from voting.client.sent_vote import SentVote

CATALOGUE: Final = Path(__file__).with_name("catalogue.csv")

_SPREAD: Final = 25  # how far ranks of one album lie from its own typical rank, at most


class Choice(NamedTuple):
    """The content of one vote: the album, as an index into the catalogue, and its rank."""

    album: int
    rank: int


def vote_for(catalogue: Catalogue, choice: Choice, **fields: object) -> SentVote:
    """Return the vote of this choice, with these other fields of `SentVote`."""
    album = catalogue.albums[choice.album]
    in_poll = {"poll": catalogue.poll, "entry": album.entry} if catalogue.poll else {}
    return sample_to_send(
        name=album.name,
        album=album.album,
        year=album.year,
        rank=choice.rank,
        **in_poll,
        **fields,
    )


def read_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Return the albums of a catalogue file, in the file's order."""
    with path.open(encoding="utf-8", newline="") as file:
        return Catalogue(
            tuple(
                Album(row["name"], row["album"], int(row["year"]), row["country"])
                for row in csv.DictReader(file)
            )
        )


class Ballots:
    """Draws votes as an audience would: some albums are popular, most are not.

    Popularity is inversely proportional to the place in an order drawn from `random`, and every
    album has a typical rank of its own, so that the live result has something to show. The same
    `random` state gives the same votes.
    """

    def __init__(self, catalogue: Catalogue, random: Random) -> None:
        self._random = random
        self._low, self._high = catalogue.rank_min, catalogue.rank_max
        albums = catalogue.albums
        self._order = list(range(len(albums)))
        random.shuffle(self._order)
        self._weights = list(accumulate(1 / (place + 5) for place in range(len(albums))))
        self._typical = [random.randint(self._low, self._high) for _ in albums]

    def draw(self) -> Choice:
        """Return the next vote's album and rank."""
        (album,) = self._random.choices(self._order, cum_weights=self._weights)
        low = max(self._low, self._typical[album] - _SPREAD)
        high = min(self._high, self._typical[album] + _SPREAD)
        return Choice(album, self._random.randint(low, high))
