"""What votes are for: the albums of a catalogue, or the entries of a poll."""

from typing import NamedTuple

import msgspec

from voting.domain.vote import RANK_MAX, RANK_MIN


class Album(NamedTuple):
    """An album as votes name it.

    `country` (ISO 3166) is the one that its artists are known for; `entry` is its id in the poll.
    """

    name: str
    album: str
    year: int
    country: str = ""
    entry: str = ""


class Catalogue(msgspec.Struct, frozen=True):
    """Albums, in an order that matters: samples name an album by its index.

    `poll` is the poll whose entries they are, empty for the open poll; ranks are on its scale.
    """

    albums: tuple[Album, ...]
    poll: str = ""
    rank_min: int = RANK_MIN
    rank_max: int = RANK_MAX
