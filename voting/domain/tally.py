"""The tally: votes and rank sums per album, votes per route, and each partition's position.

A vote in a poll counts for its entry there and nowhere else: what is not said to be of a poll is of
the open poll. No I/O here; `voting.stores.tally_fields` has the names of the counters in Redis.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from voting.domain.vote import Route, Vote

type Album = tuple[str, str, int]  # name, album, year

# U+001F, the unit separator: a control character, so no name and no album contains it.
UNIT_SEPARATOR: Final = "\x1f"


class AlbumTally(msgspec.Struct, frozen=True):
    """The votes for an album; `rank_sum` is the sum of their ranks, each 1 to 100."""

    name: str
    album: str
    year: int
    votes: int
    rank_sum: int

    @property
    def average_rank(self) -> float:
        """The mean rank, 1 to 100; 0 without votes."""
        return self.rank_sum / self.votes if self.votes else 0.0


class EntryTally(NamedTuple):
    """What was voted on one entry of a poll."""

    votes: int
    rank_sum: int


NO_VOTES: Final = EntryTally(0, 0)


class PollTally(msgspec.Struct):
    """What was voted in one poll: by `entry_key`, where there are votes, and over each route."""

    entries: dict[str, EntryTally] = {}
    routes: dict[Route, int] = {}

    @property
    def votes(self) -> int:
        """The number of votes counted."""
        return sum(self.routes.values())

    def of(self, entry: str, voter_class: int) -> EntryTally:
        """Return what a class of voters voted on an entry."""
        return self.entries.get(entry_key(entry, voter_class), NO_VOTES)

    def add(self, key: str, votes: int, rank_sum: int, route: Route) -> None:
        """Count votes under an `entry_key` that came over one route."""
        before = self.entries.get(key, NO_VOTES)
        self.entries[key] = EntryTally(before.votes + votes, before.rank_sum + rank_sum)
        self.routes[route] = self.routes.get(route, 0) + votes


class Tally(msgspec.Struct):
    """The counts of a set of votes, and the position in each partition that they reach to.

    `albums` and `routes` are those of the open poll. A position is `offset:key` of the last record
    counted.
    """

    albums: dict[Album, AlbumTally] = {}
    routes: dict[Route, int] = {}
    positions: dict[int, str] = {}
    polls: dict[str, PollTally] = {}

    @property
    def votes(self) -> int:
        """The number of votes counted, in all polls."""
        return sum(self.votes_by_route().values())

    def votes_by_route(self) -> dict[Route, int]:
        """Return the number of votes counted per route, in all polls."""
        votes = dict(self.routes)
        for poll in self.polls.values():
            _add_routes(votes, poll.routes)
        return votes

    def poll(self, poll: str) -> PollTally:
        """Return what is counted in a poll, for adding to it."""
        found = self.polls.get(poll)
        if found is None:
            found = self.polls[poll] = PollTally()
        return found


def tally_of(votes: Iterable[Vote]) -> Tally:
    """Return the tally of these votes, without positions; ids are not deduplicated."""
    ranks: dict[Album, list[int]] = {}
    routes: dict[Route, int] = {}
    in_polls: dict[tuple[str, str, int, Route], list[int]] = {}
    for vote in votes:
        if vote.poll:
            entry = (vote.poll, vote.entry, vote.voter_class, vote.route)
            if entry in in_polls:
                in_polls[entry].append(vote.rank)
            else:
                in_polls[entry] = [vote.rank]
            continue
        album = (vote.name, vote.album, vote.year)
        if album in ranks:
            ranks[album].append(vote.rank)
        else:
            ranks[album] = [vote.rank]
        routes[vote.route] = routes.get(vote.route, 0) + 1
    tally = Tally({a: AlbumTally(*a, len(r), sum(r)) for a, r in ranks.items()}, routes)
    for (poll, voted, voter_class, route), r in in_polls.items():
        tally.poll(poll).add(entry_key(voted, voter_class), len(r), sum(r), route)
    return tally


def add_tally(tally: Tally, other: Tally) -> None:
    """Add the counts of another tally to this one; positions are left as they are."""
    for key, album in other.albums.items():
        votes, rank_sum = album.votes, album.rank_sum
        if (so_far := tally.albums.get(key)) is not None:
            votes, rank_sum = votes + so_far.votes, rank_sum + so_far.rank_sum
        tally.albums[key] = AlbumTally(*key, votes, rank_sum)
    _add_routes(tally.routes, other.routes)
    for poll, counts in other.polls.items():
        add_poll_tally(tally.poll(poll), counts)


def add_poll_tally(tally: PollTally, other: PollTally) -> None:
    """Add the counts of another tally of the same poll to this one."""
    for key, (votes, rank_sum) in other.entries.items():
        before = tally.entries.get(key, NO_VOTES)
        tally.entries[key] = EntryTally(before.votes + votes, before.rank_sum + rank_sum)
    _add_routes(tally.routes, other.routes)


def _add_routes(routes: dict[Route, int], more: Mapping[Route, int]) -> None:
    for route, votes in more.items():
        routes[route] = routes.get(route, 0) + votes


def entry_key(entry: str, voter_class: int) -> str:
    """Return what the votes of a class of voters for an entry of a poll are counted under.

    For class 0 it is the entry's id, as it is for votes from before there were classes. No id
    contains the `@` of the others.
    """
    return f"{entry}@{voter_class}" if voter_class else entry


def album_key(name: str, album: str, year: int) -> bytes:
    """Return the bytes that identify an album.

    Keys sort like the albums by name, title and year: a year has four digits, and the separator
    sorts before every character that a name or title may have.
    """
    return f"{name}{UNIT_SEPARATOR}{album}{UNIT_SEPARATOR}{year}".encode()


def album_of_key(key: bytes) -> Album:
    """Return the album of an `album_key`; raise `ValueError` if it is not one."""
    name, album, year = key.decode().split(UNIT_SEPARATOR)
    return name, album, int(year)
